import { directoryRevision } from './directory-changes.ts';
import type { Store } from './store.ts';

/** Reads the directory's revision, often and cheaply. */
export interface RevisionReader {
  /** What is committed now; at once on SQLite. */
  read(): number | Promise<number>;
  close(): void;
}

/**
 * A reader for one store. On a SQLite file it has a connection of its own: a read there takes 5 µs, sees what other
 * processes have committed, and waits for no transaction of this one.
 */
export async function openRevisionReader(store: Store, url: string): Promise<RevisionReader> {
  const path = url.replace(/^sqlite:/, '');
  if (store.dialect !== 'sqlite' || path === ':memory:') {
    return { read: () => directoryRevision(store.db), close: () => undefined };
  }
  const { default: SqliteDatabase } = await import('better-sqlite3');
  const database = new SqliteDatabase(path, { readonly: true });
  const statement = database.prepare("select value from counters where name = 'directory_revision'").pluck();
  return {
    read() {
      const value: unknown = statement.get();
      if (typeof value !== 'number') throw new Error('the database has no revision of the directory');
      return value;
    },
    close: () => database.close(),
  };
}
