import pg from 'pg';
import { BackupError } from './backup-error.ts';
import { placeholders, type RawDatabase, type RawRow } from './raw-database.ts';
import type { Table, TableRow } from './rows.ts';

const BATCH = 200;
/** Values of one statement; the protocol has room for 65,535. */
const VALUES_MAX = 30_000;

/** A connection of its own to PostgreSQL. */
export async function openPostgres(url: string): Promise<RawDatabase> {
  // Integers of 64 bits stay text, as pg leaves them by itself.
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const query = async (sql: string): Promise<RawRow[]> => (await client.query(sql)).rows;
  return {
    dialect: 'postgres',
    quote,
    query,
    stream: (sql) => throughCursor(query, sql),
    async insert({ name, columns }: Table, rows: readonly TableRow[]) {
      const names = columns.map((column) => quote(column.name)).join(', ');
      const perStatement = Math.max(1, Math.floor(VALUES_MAX / columns.length));
      for (let at = 0; at < rows.length; at += perStatement) {
        const some = rows.slice(at, at + perStatement);
        const { sql, values } = placeholders(some, (n) => `$${n}`);
        if (values.some((value) => typeof value === 'string' && value.includes('\0'))) {
          const message = `PostgreSQL keeps no text with NUL characters, as a row of ${name} has one.`;
          throw new BackupError('cannot_keep', message);
        }
        await client.query(`insert into ${quote(name)} (${names}) values ${sql}`, values.map(forDriver));
      }
    },
    freeze: async () => void (await client.query('begin isolation level repeatable read read only')),
    begin: async () => void (await client.query('begin')),
    commit: async () => void (await client.query('commit')),
    async others() {
      const rows = await query(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      return Number(rows[0]?.n ?? 0);
    },
    close: () => client.end(),
  };
}

function forDriver(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value;
}

async function* throughCursor(query: (sql: string) => Promise<RawRow[]>, sql: string): AsyncGenerator<RawRow[]> {
  await query(`declare rows_of_backup no scroll cursor for ${sql}`);
  for (;;) {
    const batch = await query(`fetch ${BATCH} from rows_of_backup`);
    if (batch.length === 0) break;
    yield batch;
  }
  await query('close rows_of_backup');
}
