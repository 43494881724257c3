import type { Kysely } from 'kysely';
import type { Types } from '../dialect.ts';
import type { Columns, Table } from './columns.ts';

/**
 * Makes a table unless it is there: where the engine takes nothing back (MySQL), a start that was killed in the middle
 * leaves some of them, and the next start goes on from there.
 */
export async function createTable(db: Kysely<unknown>, is: Types, name: string, columns: Columns): Promise<void> {
  await is.finish(columns(db.schema.createTable(name).ifNotExists() as Table, is)).execute();
}

/** Makes an index unless it is there, named after its columns. */
export async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  const index = db.schema
    .createIndex(`${table}_by_${columns.join('_')}`)
    .on(table)
    .columns(columns);
  await unlessDone('ER_DUP_KEYNAME', () => index.execute());
}

/** Makes a unique index unless it is there: a unique constraint for a table that was there before. */
export async function createUniqueIndex(
  db: Kysely<unknown>,
  name: string,
  table: string,
  columns: string[],
): Promise<void> {
  const index = db.schema.createIndex(name).unique().on(table).columns(columns);
  await unlessDone('ER_DUP_KEYNAME', () => index.execute());
}

/** Does a change of a table that a killed start may have done already; `done` is what the engine says then. */
export async function unlessDone(done: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!hasCode(error, done)) throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
