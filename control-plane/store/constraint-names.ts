import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { DialectName } from './store.ts';
import type { ConstraintNames } from './violations.ts';

/**
 * Names of SQLite's unique constraints and indexes. Its errors tell the columns only, so the names are read from the
 * definitions once; the other engines name the constraint themselves and need none of this.
 */
export async function readConstraintNames(db: Kysely<Database>, dialect: DialectName): Promise<ConstraintNames> {
  const names = new Map<string, string>();
  if (dialect !== 'sqlite') return names;
  const { rows } = await sql<{ tbl_name: string; sql: string }>`
    select tbl_name, sql from sqlite_master where type in ('table', 'index') and sql is not null`.execute(db);
  for (const { tbl_name: table, sql: definition } of rows) {
    for (const pattern of UNIQUE) {
      for (const [, constraint = '', columns = ''] of definition.matchAll(pattern)) {
        const path = columns.split(',').map((column) => `${table}.${column.trim().replaceAll('"', '')}`);
        names.set(path.join(', '), constraint);
      }
    }
  }
  return names;
}

const UNIQUE = [/constraint "(\w+)" unique \(([^)]*)\)/gi, /^create unique index "(\w+)" on "\w+" \(([^)]*)\)/gi];
