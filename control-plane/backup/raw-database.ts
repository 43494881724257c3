/**
 * One connection to a database beneath the store: plain SQL in, values out as exactly as the engine has them. Backups
 * read by it and restores write by it, because the store's own connections make numbers of what fits in numbers, begin
 * every transaction as a writer, and read what is committed rather than what was at one moment.
 */
import type { DialectName } from '../store/store.ts';
import type { Table, TableRow, Value } from './rows.ts';

/** A row as the driver gives it. */
export type RawRow = Record<string, unknown>;

/** A connection. */
export interface RawDatabase {
  readonly dialect: DialectName;
  query(sql: string): Promise<RawRow[]>;
  /** Every row of a query, some at a time, without holding all of them. */
  stream(sql: string): AsyncIterable<RawRow[]>;
  /** Inserts rows, all columns given. */
  insert(table: Table, rows: readonly TableRow[]): Promise<void>;
  /** Begins to see one moment of the database, whatever is written meanwhile. */
  freeze(): Promise<void>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  /**
   * How many other connections there are to this database; 1 where only that there are some can be told. To be asked
   * before anything else, since SQLite cannot tell this connection from others once it was used.
   */
  others(): Promise<number>;
  /** A name in SQL. */
  quote(name: string): string;
  close(): Promise<void>;
}

/** Opens a connection by a URL as in BERTH_DATABASE_URL. @throws Error on a scheme that is not known */
export async function openRaw(url: string, { create = false } = {}): Promise<RawDatabase> {
  const scheme = url.slice(0, url.indexOf(':'));
  switch (scheme) {
    case 'sqlite':
      return (await import('./raw-sqlite.ts')).openSqlite(url.slice('sqlite:'.length), create);
    case 'postgres':
    case 'postgresql':
      return (await import('./raw-postgres.ts')).openPostgres(url);
    case 'mysql':
    case 'mariadb':
      return (await import('./raw-mysql.ts')).openMysql(url.replace(/^mariadb:/, 'mysql:'));
    default:
      throw new Error(`no database engine is called "${scheme}"; there are sqlite:, postgres: and mysql:`);
  }
}

/** "(?, ?), (?, ?)" for some rows, and their values one after the other. @param mark the nth value's, from 1 */
export function placeholders(rows: readonly TableRow[], mark: (n: number) => string): { sql: string; values: Value[] } {
  const values: Value[] = [];
  const groups = rows.map((row) => {
    const marks = row.map((value) => {
      values.push(value);
      return mark(values.length);
    });
    return `(${marks.join(', ')})`;
  });
  return { sql: groups.join(', '), values };
}
