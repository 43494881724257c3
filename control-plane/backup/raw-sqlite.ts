import SqliteDatabase from 'better-sqlite3';
import { BackupError } from './backup-error.ts';
import type { RawDatabase, RawRow } from './raw-database.ts';
import type { Table, TableRow } from './rows.ts';

const BUSY_TIMEOUT_MS = 10_000;
/** Rows handed on at once; between two such lots the process does something else. */
const BATCH = 200;

/** A connection of its own to a SQLite file. @param create whether to make it when it is not there */
export function openSqlite(path: string, create: boolean): RawDatabase {
  const database = openFile(path, create);
  database.defaultSafeIntegers(true);
  database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.pragma('foreign_keys = ON');
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return {
    dialect: 'sqlite',
    quote,
    query: async (sql) => run(database, sql),
    stream: (sql) => inBatches(database.prepare<[], RawRow>(sql).iterate()),
    async insert({ name, columns }: Table, rows: readonly TableRow[]) {
      const names = columns.map((column) => quote(column.name)).join(', ');
      const marks = columns.map(() => '?').join(', ');
      const statement = database.prepare(`insert into ${quote(name)} (${names}) values (${marks})`);
      for (const row of rows) statement.run(...row);
    },
    async freeze() {
      database.exec('begin');
      // The moment is that of the first read.
      database.prepare('select count(*) from sqlite_master').get();
    },
    begin: async () => void database.exec('begin immediate'),
    commit: async () => void database.exec('commit'),
    others: async () => (isAlone(path) ? 0 : 1),
    close: async () => void database.close(),
  };
}

function openFile(path: string, create: boolean): SqliteDatabase.Database {
  try {
    return new SqliteDatabase(path, { fileMustExist: !create });
  } catch (cause) {
    throw new BackupError('wrong_file', `The database ${path} cannot be opened: ${String(cause)}`, { cause });
  }
}

function run(database: SqliteDatabase.Database, sql: string): RawRow[] {
  const statement = database.prepare<[], RawRow>(sql);
  if (statement.reader) return statement.all();
  statement.run();
  return [];
}

async function* inBatches(rows: IterableIterator<RawRow>): AsyncGenerator<RawRow[]> {
  let batch: RawRow[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
    await new Promise(setImmediate);
  }
  if (batch.length > 0) yield batch;
}

/** Whether nobody has the file open: whoever uses it as we do (WAL) keeps a lock that stands in the way of this one. */
function isAlone(path: string): boolean {
  const probe = new SqliteDatabase(path, { fileMustExist: true });
  try {
    probe.pragma('busy_timeout = 0');
    probe.pragma('locking_mode = EXCLUSIVE');
    probe.exec('begin exclusive; rollback');
    return true;
  } catch (error) {
    if (error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY')) return false;
    throw error;
  } finally {
    probe.close();
  }
}
