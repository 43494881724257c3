import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import { dialectOf } from '../store/dialect.ts';
import { migrate, SCHEMAS } from '../store/migrate.ts';
import type { Database } from '../store/schema.ts';
import { requireAlone } from './alone.ts';
import { BackupError } from './backup-error.ts';
import { schemaOf, tablesOf } from './catalogue.ts';
import type { Counts } from './content.ts';
import { openRaw, type RawDatabase } from './raw-database.ts';
import type { Table, TableRow } from './rows.ts';

/** Rows of these exist only once somebody has set an installation up; all others a start makes by itself. */
const SET_UP = ['users', 'sites', 'agents', 'audit'];

/** Rows to put in, table after table. */
export type Rows = AsyncIterable<{ table: Table; rows: readonly TableRow[] }>;

/**
 * Makes the tables of a schema in an empty database and fills them, all rows in one transaction: after a failure it is
 * as good as empty. A database that a control plane has made but nobody has set up counts as empty and is made anew.
 * @param last runs within the transaction, when every row is in
 * @throws BackupError "not_empty", "in_use", "too_new" or "cannot_keep"
 */
export async function fillDatabase(
  url: string,
  schema: string,
  content: Rows,
  last: (raw: RawDatabase, tables: readonly Table[]) => Promise<void> = async () => {},
): Promise<Counts> {
  if (!SCHEMAS.includes(schema)) {
    throw new BackupError('too_new', `Its tables are those of ${schema}, which this Berth does not know. Update it.`);
  }
  await makeEmpty(url);
  await makeTables(url, schema);
  const raw = await openRaw(url);
  try {
    const tables = await tablesOf(raw);
    await raw.begin();
    await clear(raw, tables);
    const counts = await insertAll(raw, tables, content);
    await last(raw, tables);
    await raw.commit();
    return counts;
  } finally {
    await raw.close();
  }
}

/** Refuses a database that holds something or is in use. @throws BackupError "not_empty" or "in_use" */
export async function requireEmpty(url: string): Promise<void> {
  const raw = await openForWriting(url);
  try {
    await checkEmpty(raw, await tablesOf(raw));
  } finally {
    await raw.close();
  }
}

async function makeEmpty(url: string): Promise<void> {
  const raw = await openForWriting(url);
  try {
    const tables = await tablesOf(raw);
    await checkEmpty(raw, tables);
    if ((await schemaOf(raw)) === undefined) return;
    for (const { name } of tables.toReversed()) {
      await raw.query(`drop table ${raw.quote(name)}`);
      if (raw.dialect === 'postgres') await raw.query(`drop function if exists ${raw.quote(`${name}_append_only`)}()`);
    }
    for (const name of ['nudges', 'kysely_migration', 'kysely_migration_lock']) {
      await raw.query(`drop table if exists ${raw.quote(name)}`);
    }
  } finally {
    await raw.close();
  }
}

async function checkEmpty(raw: RawDatabase, tables: readonly Table[]): Promise<void> {
  const berths = (await schemaOf(raw)) !== undefined;
  if (!berths && tables.length > 0) {
    throw new BackupError('not_empty', 'The database holds tables of something else. Give an empty one.');
  }
  for (const { name } of tables.filter((table) => SET_UP.includes(table.name))) {
    if ((await raw.query(`select 1 from ${raw.quote(name)} limit 1`)).length === 0) continue;
    throw new BackupError(
      'not_empty',
      'The database holds an installation already, which is never written over. Give an empty one, or move it away.',
    );
  }
}

async function openForWriting(url: string): Promise<RawDatabase> {
  if (url.startsWith('sqlite:')) mkdirSync(dirname(url.slice('sqlite:'.length)), { recursive: true, mode: 0o700 });
  const raw = await openRaw(url, { create: true });
  try {
    await requireAlone(raw, 'Something is using the database. Stop the control plane first: systemctl stop berth');
    return raw;
  } catch (error) {
    await raw.close();
    throw error;
  }
}

async function makeTables(url: string, schema: string): Promise<void> {
  const { name, dialect } = await dialectOf(url, () => {});
  const db = new Kysely<Database>({ dialect });
  try {
    await migrate(db, name, schema);
  } finally {
    await db.destroy();
  }
}

/** Takes away what the migrations put in: the rows to come have their own. */
async function clear(raw: RawDatabase, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables.toReversed()) {
    // Some tables refuse any deletion, even of nothing.
    if ((await raw.query(`select 1 from ${raw.quote(name)} limit 1`)).length === 0) continue;
    await raw.query(`delete from ${raw.quote(name)}`);
  }
}

async function insertAll(raw: RawDatabase, tables: readonly Table[], content: Rows): Promise<Counts> {
  const ours = new Map(tables.map((table) => [table.name, table]));
  const filled = new Set<string>();
  let count = 0;
  for await (const { table, rows } of content) {
    const own = ours.get(table.name);
    if (!own || JSON.stringify(own.columns) !== JSON.stringify(table.columns)) {
      throw new BackupError('malformed', `The table ${table.name} has other columns than its schema says.`);
    }
    await raw.insert(own, rows);
    filled.add(table.name);
    count += rows.length;
  }
  return { tables: filled.size, rows: count };
}
