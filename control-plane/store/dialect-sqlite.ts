import { setTimeout as wait } from 'node:timers/promises';
import SqliteDatabase from 'better-sqlite3';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';

/** While SQLite itself waits, this whole process stands still; so that is short, and the driver waits in between. */
const BUSY_TIMEOUT_MS = 100;
const BEGIN_TIMEOUT_MS = 10_000;
const BEGIN_PAUSE_MS = 20;

/**
 * SQLite through better-sqlite3, one connection. Commits are synced to disk each (synchronous=FULL): a guest made on
 * a node must not outlive the row that knows of it.
 * @param path of the file, or ":memory:"
 */
export function sqliteDialect(path: string): Dialect {
  const config = { database: async () => openFile(path) };
  const standard = new SqliteDialect(config);
  return {
    createDriver: () => new ImmediateSqliteDriver(config),
    createQueryCompiler: () => standard.createQueryCompiler(),
    createAdapter: () => new TransactionalSqliteAdapter(),
    createIntrospector: (db) => standard.createIntrospector(db),
  };
}

/**
 * Begins every transaction as a writer. A transaction that reads first and writes later fails when another process
 * wrote in between, and waiting does not help it; one that begins as a writer waits its turn instead. It also makes
 * the migrator's transaction the lock that keeps two starting processes apart.
 */
class ImmediateSqliteDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const deadline = performance.now() + BEGIN_TIMEOUT_MS;
    while (!(await tryBegin(connection, performance.now() >= deadline))) await wait(BEGIN_PAUSE_MS);
  }
}

/** Lets the migrator run in a transaction, which SQLite can do though Kysely leaves it out. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

async function tryBegin(connection: DatabaseConnection, last: boolean): Promise<boolean> {
  try {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    return true;
  } catch (error) {
    if (last || !(error instanceof SqliteDatabase.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    return false;
  }
}

function openFile(path: string): SqliteDatabase.Database {
  const database = new SqliteDatabase(path);
  database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // SQLite's own knows the letters of ASCII alone; the other engines know them all.
  database.function('lower', { deterministic: true }, (text) => (typeof text === 'string' ? text.toLowerCase() : text));
  return database;
}
