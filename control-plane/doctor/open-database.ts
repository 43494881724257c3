import { existsSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { type Dialect, Kysely, SqliteDialect } from 'kysely';
import { dialectOf } from '../store/dialect.ts';
import type { Database } from '../store/schema.ts';
import type { DialectName } from '../store/store.ts';

/** A database that is looked at, and neither made, migrated nor written to. */
export interface OpenedDatabase {
  db: Kysely<Database>;
  dialect: DialectName;
  /** File of SQLite. */
  file: string | undefined;
}

/** Opens a database as it is. @throws Error when SQLite's file is not there; others fail with the first query */
export async function openToLook(url: string): Promise<OpenedDatabase> {
  if (!url.startsWith('sqlite:')) {
    const { name, dialect } = await dialectOf(url, () => undefined);
    return { db: new Kysely<Database>({ dialect }), dialect: name, file: undefined };
  }
  const file = url.slice('sqlite:'.length);
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  return { db: new Kysely<Database>({ dialect: readOnly(file) }), dialect: 'sqlite', file };
}

function readOnly(file: string): Dialect {
  return new SqliteDialect({ database: async () => new SqliteDatabase(file, { readonly: true, fileMustExist: true }) });
}
