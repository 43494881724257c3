import { type Kysely, sql } from 'kysely';
import { FIRST_GID_NUMBER, FIRST_UID_NUMBER, LDAPUSERS, SYSADMINS } from '../built-in-groups.ts';
import type { Types } from '../dialect.ts';
import { directory } from './0002-directory.ts';
import { signIn } from './0002-sign-in.ts';
import { MS } from './columns.ts';
import { createIndex, createTable, createUniqueIndex, unlessDone } from './create.ts';

/** As the tables are between the two releases. */
interface Between {
  users: { id: string; administrator: number; uid_number: number; created_at: number };
  groups: Record<string, unknown>;
  group_members: Record<string, unknown>;
  counters: { name: string; value: number };
}

const columns: [table: string, column: string, type: string, initially: string | number][] = [
  ['users', 'uid_number', 'integer', 0],
  ['users', 'email_verified', 'smallint', 0],
  ['users', 'shell', 'varchar(64)', '/bin/bash'],
  ['users', 'login_totp', 'smallint', 0],
  ['users', 'password_changed_at', MS, 0],
  ['users', 'last_sign_in_at', MS, 0],
  ['users', 'updated_at', MS, 0],
  ['sessions', 'address', 'varchar(64)', ''],
  ['sessions', 'authenticated_at', MS, 0],
  ['sessions', 'second_factor', 'smallint', 0],
  ['audit', 'address', 'varchar(64)', ''],
  ['audit', 'via', 'varchar(16)', ''],
  ['audit', 'token_id', 'varchar(40)', ''],
];

const indexes: [table: string, ...columns: string[]][] = [
  ['group_members', 'user_id'],
  ['group_members', 'member_group_id'],
  ['ssh_keys', 'user_id'],
  ['container_members', 'user_id'],
  ['container_members', 'group_id'],
  ['site_administrators', 'user_id'],
  ['access_requests', 'container_id'],
  ['access_requests', 'user_id'],
  ['api_tokens', 'user_id'],
  ['passkeys', 'user_id'],
  ['recovery_codes', 'user_id'],
  ['pending_sign_ins', 'expires_at'],
  ['mail_links', 'email'],
  ['outgoing_mails', 'state', 'next_attempt_at'],
  ['oidc_identities', 'user_id'],
  ['containers', 'owner_id'],
  ['audit', 'user_id'],
  ['audit', 'object_id'],
  ['audit', 'action'],
];

/**
 * People become a directory: POSIX numbers, groups, members, keys, tokens, second factors. The right to administer
 * moves from the person to the group `sysadmins`.
 */
export async function up(anyDb: Kysely<unknown>, is: Types): Promise<void> {
  for (const [name, table] of Object.entries({ ...directory, ...signIn })) await createTable(anyDb, is, name, table);
  for (const [table, column, type, initially] of columns) {
    const change = anyDb.schema
      .alterTable(table)
      .addColumn(column, sql.raw(type), (c) => c.notNull().defaultTo(initially));
    await unlessDone('ER_DUP_FIELDNAME', () => change.execute());
  }
  const db = anyDb as Kysely<Between>;
  await builtIn(db);
  await numberPeople(db);
  await unlessDone('ER_BAD_FIELD_ERROR', () => moveAdministrators(db));
  const drop = anyDb.schema.alterTable('users').dropColumn('administrator');
  await unlessDone('ER_CANT_DROP_FIELD_OR_KEY', () => drop.execute());
  for (const [table, ...names] of indexes) await createIndex(anyDb, table, names);
  if (is.dialect === 'mysql') await dropImplicitIndex(anyDb);
  await createUniqueIndex(anyDb, 'users_uid_number', 'users', ['uid_number']);
  await createUniqueIndex(anyDb, 'users_email', 'users', ['email']);
}

/**
 * MySQL makes an index for a foreign key by itself and lets it go when there is another. In a database that was
 * restored from a dump it has become one like any other and would stay, a second one over the same column.
 */
async function dropImplicitIndex(db: Kysely<unknown>): Promise<void> {
  const drop = sql`alter table containers drop index containers_owner`;
  await unlessDone('ER_CANT_DROP_FIELD_OR_KEY', async () => void (await drop.execute(db)));
}

async function builtIn(db: Kysely<Between>): Promise<void> {
  const known = await db.selectFrom('counters').select('name').execute();
  if (known.length > 0) return;
  const common = { built_in: 1, created_at: 0, updated_at: 0 };
  const groups = [
    { ...LDAPUSERS, description: 'Everybody who is active', administrator: 0, ...common },
    { ...SYSADMINS, description: 'Administrators of Berth', administrator: 1, ...common },
  ];
  await db.insertInto('groups').values(groups).execute();
  const counters = [
    { name: 'uid_number', value: FIRST_UID_NUMBER },
    { name: 'gid_number', value: FIRST_GID_NUMBER },
    { name: 'directory_revision', value: 0 },
  ];
  await db.insertInto('counters').values(counters).execute();
}

async function numberPeople(db: Kysely<Between>): Promise<void> {
  const people = await db.selectFrom('users').select('id').where('uid_number', '=', 0).orderBy('id').execute();
  for (const { id } of people) {
    const counter = db.selectFrom('counters').select('value').where('name', '=', 'uid_number');
    const { value } = await counter.executeTakeFirstOrThrow();
    await db.updateTable('users').set({ uid_number: value }).where('id', '=', id).execute();
    await db
      .updateTable('counters')
      .set({ value: value + 1 })
      .where('name', '=', 'uid_number')
      .execute();
  }
}

async function moveAdministrators(db: Kysely<Between>): Promise<void> {
  const administrators = await db.selectFrom('users').select('id').where('administrator', '=', 1).execute();
  for (const { id } of administrators) {
    const row = { id: `gme-${id}`, group_id: SYSADMINS.id, user_id: id, member_group_id: null, created_at: 0 };
    await unlessDone('ER_DUP_ENTRY', async () => void (await db.insertInto('group_members').values(row).execute()));
  }
}
