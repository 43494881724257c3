import { type Columns, ID, identified, MS, optional, required } from './columns.ts';

/** Tables of the first release: people. */
export const people: Record<string, Columns> = {
  users: (t) =>
    optional(
      required(identified(t), {
        username: 'varchar(64)',
        display_name: 'varchar(255)',
        password_hash: 'varchar(255)',
        administrator: 'smallint',
        status: 'varchar(16)',
        created_at: MS,
      }),
      { email: 'varchar(255)' },
    ).addUniqueConstraint('users_username', ['username']),
  sessions: (t) =>
    required(identified(t), {
      token_hash: 'char(64)',
      user_id: ID,
      created_at: MS,
      last_used_at: MS,
      expires_at: MS,
      user_agent: 'varchar(255)',
    })
      .addUniqueConstraint('sessions_token', ['token_hash'])
      .addForeignKeyConstraint('sessions_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
  idempotency_keys: (t, is) =>
    required(t, {
      user_id: ID,
      method: 'varchar(64)',
      idempotency_key: 'varchar(128)',
      request_hash: 'char(64)',
      outcome: is.text,
      created_at: MS,
      expires_at: MS,
    }).addPrimaryKeyConstraint('idempotency_keys_pk', ['user_id', 'method', 'idempotency_key']),
  audit: (t, is) =>
    optional(
      required(identified(t), {
        at: MS,
        action: 'varchar(64)',
        object_kind: 'varchar(32)',
        object_id: ID,
        change_json: is.text,
        request_id: ID,
      }),
      { user_id: ID, site_id: ID },
    ),
  settings: (t, is) =>
    optional(
      required(
        t.addColumn('name', 'varchar(64)', (c) => c.notNull().primaryKey()),
        { value: is.text, updated_at: MS },
      ),
      { secret_box: is.bytes },
    ),
};

/** The change feed between replicas, on MySQL alone. */
export const nudges: Columns = (t) =>
  required(
    t.addColumn('id', 'bigint', (c) => c.primaryKey().autoIncrement()),
    { topic: 'varchar(80)', origin: ID, at: MS },
  );
