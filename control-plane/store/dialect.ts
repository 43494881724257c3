import type { CreateTableBuilder, Dialect } from 'kysely';
import { sql } from 'kysely';
import type { DialectName, PoolState } from './store.ts';

/** What the migrations need to know of an engine: names of types, and how a table ends. */
export interface Types {
  readonly dialect: DialectName;
  /** Text of any length (at least 16 MiB). */
  readonly text: string;
  /** Bytes of any length (at least 16 MiB). */
  readonly bytes: string;
  /** Adds what this engine wants said at the end of a table. */
  finish<T extends string, C extends string>(table: CreateTableBuilder<T, C>): CreateTableBuilder<T, C>;
}

const TYPES: Record<DialectName, Types> = {
  sqlite: { dialect: 'sqlite', text: 'text', bytes: 'blob', finish: (table) => table },
  postgres: { dialect: 'postgres', text: 'text', bytes: 'bytea', finish: (table) => table },
  mysql: {
    dialect: 'mysql',
    text: 'mediumtext',
    bytes: 'mediumblob',
    // A binary collation, so that names are equal only when they are the same, as on the other engines.
    finish: (table) => table.modifyEnd(sql`engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`),
  },
};

/** The types of one engine. */
export function typesOf(dialect: DialectName): Types {
  return TYPES[dialect];
}

/** An engine as a URL names it. */
export interface OpenDialect {
  readonly name: DialectName;
  readonly dialect: Dialect;
  readonly pool?: (() => PoolState) | undefined;
}

/**
 * Chooses the engine by the URL's scheme: `sqlite:/path/to/file`, `sqlite::memory:`, `postgres://…`, `mysql://…`
 * (`mariadb://…` is the same). Nothing is connected yet. Only the engine's own driver is loaded, which spares a
 * process some 10 MB.
 * @param onError takes errors of idle connections, which nobody waits for
 * @throws Error on a scheme that is not known
 */
export async function dialectOf(url: string, onError: (error: unknown) => void): Promise<OpenDialect> {
  const scheme = url.slice(0, url.indexOf(':'));
  switch (scheme) {
    case 'sqlite':
      return {
        name: 'sqlite',
        dialect: (await import('./dialect-sqlite.ts')).sqliteDialect(url.slice('sqlite:'.length)),
      };
    case 'postgres':
    case 'postgresql':
      return { name: 'postgres', ...(await import('./dialect-postgres.ts')).postgresDialect(url, onError) };
    case 'mysql':
    case 'mariadb':
      return { name: 'mysql', ...(await import('./dialect-mysql.ts')).mysqlDialect(url) };
    default:
      throw new Error(`no database engine is called "${scheme}"; there are sqlite:, postgres: and mysql:`);
  }
}
