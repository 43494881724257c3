import type { Kysely } from 'kysely';
import type { Types } from '../dialect.ts';
import { fleet } from './0001-fleet.ts';
import { operations } from './0001-operations.ts';
import { nudges, people } from './0001-people.ts';
import { sites } from './0001-sites.ts';
import { createIndex, createTable } from './create.ts';

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

/** Makes every table of the first release. */
export async function up(db: Kysely<unknown>, is: Types): Promise<void> {
  for (const [name, columns] of Object.entries(tables)) await createTable(db, is, name, columns);
  for (const [table, ...columns] of indexes) await createIndex(db, table, columns);
  if (is.dialect !== 'mysql') return;
  await createTable(db, is, 'nudges', nudges);
  await createIndex(db, 'nudges', ['at']);
}
