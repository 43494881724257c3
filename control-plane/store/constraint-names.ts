import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';
import type { DialectName } from './store.ts';
import type { ConstraintNames } from './violations.ts';

/**
 * Names of SQLite's unique constraints. Its errors tell the columns only, so the names are read from the tables'
 * own definitions once; the other engines name the constraint themselves and need none of this.
 */
export async function readConstraintNames(db: Kysely<Database>, dialect: DialectName): Promise<ConstraintNames> {
  const names = new Map<string, string>();
  if (dialect !== 'sqlite') return names;
  const { rows } = await sql<{ name: string; sql: string }>`
    select name, sql from sqlite_master where type = 'table' and sql is not null`.execute(db);
  for (const table of rows) {
    for (const [, constraint = '', columns = ''] of table.sql.matchAll(/constraint "(\w+)" unique \(([^)]*)\)/gi)) {
      const path = columns.split(',').map((column) => `${table.name}.${column.trim().replaceAll('"', '')}`);
      names.set(path.join(', '), constraint);
    }
  }
  return names;
}
