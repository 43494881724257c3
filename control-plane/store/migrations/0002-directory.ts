import { type Columns, counter, ID, identified, MS, optional, required } from './columns.ts';

/** Either a person or a group; which of the two columns is set is checked by who writes. */
const member = { user_id: ID, group_id: ID };

/** Tables of the directory: groups, members, keys, and what each change of them touched. */
export const directory: Record<string, Columns> = {
  counters: (t) => required(t, { name: 'varchar(64)', value: MS }).addPrimaryKeyConstraint('counters_pk', ['name']),
  directory_changes: (t) =>
    required(t, { revision: MS, kind: 'varchar(16)', object_id: ID, at: MS }).addPrimaryKeyConstraint(
      'directory_changes_pk',
      ['revision'],
    ),
  groups: (t, is) =>
    required(identified(t), {
      name: 'varchar(32)',
      gid_number: 'integer',
      description: is.text,
      administrator: 'smallint',
      built_in: 'smallint',
      created_at: MS,
      updated_at: MS,
    })
      .addUniqueConstraint('groups_name', ['name'])
      .addUniqueConstraint('groups_gid_number', ['gid_number']),
  group_members: (t) =>
    optional(required(identified(t), { group_id: ID, created_at: MS }), { user_id: ID, member_group_id: ID })
      .addUniqueConstraint('group_members_user', ['group_id', 'user_id'])
      .addUniqueConstraint('group_members_group', ['group_id', 'member_group_id'])
      .addForeignKeyConstraint('group_members_of', ['group_id'], 'groups', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('group_members_user_id', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('group_members_group_id', ['member_group_id'], 'groups', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  ssh_keys: (t, is) =>
    required(identified(t), {
      user_id: ID,
      name: 'varchar(100)',
      key_type: 'varchar(64)',
      public_key: is.text,
      fingerprint: 'varchar(64)',
      created_at: MS,
    })
      .addUniqueConstraint('ssh_keys_fingerprint', ['user_id', 'fingerprint'])
      .addForeignKeyConstraint('ssh_keys_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
  container_members: (t) =>
    optional(required(identified(t), { container_id: ID, role: 'varchar(16)', created_at: MS }), {
      ...member,
      granted_by: ID,
    })
      .addUniqueConstraint('container_members_user', ['container_id', 'user_id'])
      .addUniqueConstraint('container_members_group', ['container_id', 'group_id'])
      .addForeignKeyConstraint('container_members_of', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      )
      .addForeignKeyConstraint('container_members_user_id', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('container_members_group_id', ['group_id'], 'groups', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  site_administrators: (t) =>
    optional(required(identified(t), { site_id: ID, created_at: MS }), member)
      .addUniqueConstraint('site_administrators_user', ['site_id', 'user_id'])
      .addUniqueConstraint('site_administrators_group', ['site_id', 'group_id'])
      .addForeignKeyConstraint('site_administrators_of', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('site_administrators_user_id', ['user_id'], 'users', ['id'], (f) =>
        f.onDelete('cascade'),
      )
      .addForeignKeyConstraint('site_administrators_group_id', ['group_id'], 'groups', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  access_requests: (t, is) =>
    optional(
      required(identified(t), {
        container_id: ID,
        user_id: ID,
        role: 'varchar(16)',
        message: is.text,
        state: 'varchar(16)',
        answer: is.text,
        created_at: MS,
      }),
      { decided_by: ID, decided_at: MS },
    )
      .addForeignKeyConstraint('access_requests_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      )
      .addForeignKeyConstraint('access_requests_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
  container_binds: (t) =>
    optional(required(t, { container_id: ID, secret_hash: 'char(64)', rotated_at: MS }), {
      former_hash: 'char(64)',
      former_until: MS,
      last_used_at: MS,
    })
      .addPrimaryKeyConstraint('container_binds_pk', ['container_id'])
      .addForeignKeyConstraint('container_binds_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('cascade'),
      ),
  rate_limits: (t) =>
    counter(required(t, { name: 'varchar(160)', updated_at: MS }), 'failures').addPrimaryKeyConstraint(
      'rate_limits_pk',
      ['name'],
    ),
};
