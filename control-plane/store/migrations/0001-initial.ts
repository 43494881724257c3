import type { Kysely } from 'kysely';
import type { Types } from '../dialect.ts';
import { fleet } from './0001-fleet.ts';
import { operations } from './0001-operations.ts';
import { nudges, people } from './0001-people.ts';
import { sites } from './0001-sites.ts';
import type { Columns, Table } from './columns.ts';

/** In the order of their references. */
const tables = { ...people, ...sites, ...fleet, ...operations };

const indexes: [table: string, ...columns: string[]][] = [
  ['sessions', 'user_id'],
  ['certificates', 'domain_id'],
  ['containers', 'node_id'],
  ['containers', 'created_at'],
  ['services', 'container_id'],
  ['agents', 'site_id'],
  ['conditions', 'agent_id'],
  ['conditions', 'container_id'],
  ['commands', 'agent_id', 'state'],
  ['commands', 'operation_id'],
  ['operations', 'state', 'lease_until'],
  ['operations', 'container_id'],
  ['leases', 'site_id', 'address'],
  ['audit', 'at'],
];

/**
 * Makes every table of the first release. Where the engine takes nothing back (MySQL), a start that was killed in the
 * middle leaves some of them; the next start goes on from there.
 */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  for (const [name, columns] of Object.entries(tables)) await createTable(db, is, name, columns);
  for (const [table, ...columns] of indexes) await createIndex(db, table, columns);
  if (is.dialect !== 'mysql') return;
  await createTable(db, is, 'nudges', nudges);
  await createIndex(db, 'nudges', ['at']);
}

async function createTable(db: Kysely<unknown>, is: Types, name: string, columns: Columns): Promise<void> {
  await is.finish(columns(db.schema.createTable(name).ifNotExists() as Table, is)).execute();
}

async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  try {
    await db.schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns(columns)
      .execute();
  } catch (error) {
    if (!isObject(error) || error.code !== 'ER_DUP_KEYNAME') throw error;
  }
}

const isObject = (value: unknown): value is { code?: unknown } => typeof value === 'object' && value !== null;
