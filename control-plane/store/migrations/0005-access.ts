import { type Kysely, sql } from 'kysely';
import type { Types } from '../dialect.ts';
import type { DialectName } from '../store.ts';
import { appendOnly } from './append-only.ts';
import { ID, identified, MS, optional, required } from './columns.ts';
import { createIndex, createTable, unlessDone } from './create.ts';

/** Columns that keep an audit row readable when what it tells of is gone. */
const names = { user_name: 'varchar(64)', object_name: 'varchar(320)' };

/** Every list goes by identifier, which is by time, within one of these. */
const lists = ['user_id', 'object_id', 'container_id', 'site_id'];
/** Indexes that sort by nothing, and one that the identifiers make needless. */
const former = ['audit_by_user_id', 'audit_by_object_id', 'audit_by_action', 'audit_by_at'];

/**
 * The audit learns names and the container it is about, and the database refuses to change or delete what is written.
 * Requests for access name a container as their sender does, whether or not there is one.
 */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  // Left by a start that was killed in the middle, it would refuse what follows.
  if (is.dialect === 'mysql') await sql`drop trigger if exists audit_no_update`.execute(db);
  for (const [column, type] of Object.entries(names)) {
    const change = db.schema.alterTable('audit').addColumn(column, sql.raw(type), (c) => c.notNull().defaultTo(''));
    await unlessDone('ER_DUP_FIELDNAME', () => change.execute());
  }
  const add = db.schema.alterTable('audit').addColumn('container_id', sql.raw(ID));
  await unlessDone('ER_DUP_FIELDNAME', () => add.execute());
  await nameFormerRows(db);
  for (const column of lists) await createIndex(db, 'audit', [column, 'id']);
  for (const name of former) await dropIndex(db, is.dialect, name);
  await requestsAnew(db, is);
  await appendOnly(db, is.dialect, 'audit');
}

async function nameFormerRows(db: Kysely<unknown>): Promise<void> {
  await sql`update audit set user_name = coalesce(
    (select username from users where users.id = audit.user_id), '') where user_name = ''`.execute(db);
  await sql`update audit set container_id = object_id, object_name = coalesce(
    (select hostname from containers where containers.id = audit.object_id), '')
    where object_kind = 'container' and container_id is null`.execute(db);
}

async function dropIndex(db: Kysely<unknown>, dialect: DialectName, name: string): Promise<void> {
  const drop = db.schema.dropIndex(name);
  await unlessDone('ER_CANT_DROP_FIELD_OR_KEY', () => (dialect === 'mysql' ? drop.on('audit') : drop).execute());
}

/** Nothing has written to the table before this release. */
async function requestsAnew(db: Kysely<unknown>, is: Types): Promise<void> {
  await db.schema.dropTable('access_requests').ifExists().execute();
  await createTable(db, is, 'access_requests', (t) =>
    optional(
      required(identified(t), {
        user_id: ID,
        site_id: ID,
        hostname: 'varchar(63)',
        role: 'varchar(16)',
        message: is.text,
        state: 'varchar(16)',
        answer: is.text,
        created_at: MS,
      }),
      { container_id: ID, decided_by: ID, decided_at: MS },
    )
      .addForeignKeyConstraint('access_requests_container', ['container_id'], 'containers', ['id'], (f) =>
        f.onDelete('set null'),
      )
      .addForeignKeyConstraint('access_requests_site', ['site_id'], 'sites', ['id'], (f) => f.onDelete('cascade'))
      .addForeignKeyConstraint('access_requests_user', ['user_id'], 'users', ['id'], (f) => f.onDelete('cascade')),
  );
  for (const column of ['container_id', 'user_id', 'created_at']) await createIndex(db, 'access_requests', [column]);
}
