import { type Connection, createConnection, type RowDataPacket } from 'mysql2';
import { placeholders, type RawDatabase, type RawRow } from './raw-database.ts';
import type { Table, TableRow } from './rows.ts';

const BATCH = 200;
/** Bytes of one statement, roughly; servers take 1 MiB at least, most 16. */
const STATEMENT_BYTES = 512 << 10;

/** A connection of its own to MySQL or MariaDB. */
export async function openMysql(url: string): Promise<RawDatabase> {
  const connection = createConnection({
    uri: url,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  const query = (sql: string, values: unknown[] = []) => rowsOf(connection, sql, values);
  await query("set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'");
  const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;
  return {
    dialect: 'mysql',
    quote,
    query,
    stream: (sql) => inBatches(connection.query<RowDataPacket[]>(sql).stream({ highWaterMark: BATCH })),
    async insert({ name, columns }: Table, rows: readonly TableRow[]) {
      const names = columns.map((column) => quote(column.name)).join(', ');
      for (const some of lots(rows)) {
        const { sql, values } = placeholders(some, () => '?');
        await query(`insert into ${quote(name)} (${names}) values ${sql}`, values.map(forDriver));
      }
    },
    async freeze() {
      await query('set session transaction isolation level repeatable read');
      await query('start transaction with consistent snapshot, read only');
    },
    begin: async () => void (await query('start transaction')),
    commit: async () => void (await query('commit')),
    async others() {
      const rows = await query(
        'select count(*) as n from information_schema.processlist where db = database() and id <> connection_id()',
      );
      return Number(rows[0]?.n ?? 0);
    },
    close: () => new Promise((resolve, reject) => connection.end((error) => (error ? reject(error) : resolve()))),
  };
}

function rowsOf(connection: Connection, sql: string, values: unknown[]): Promise<RawRow[]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>(sql, values, (error, rows) => {
      if (error) reject(error);
      else resolve(Array.isArray(rows) ? rows : []);
    });
  });
}

function forDriver(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value;
}

async function* inBatches(rows: AsyncIterable<RawRow>): AsyncGenerator<RawRow[]> {
  let batch: RawRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function* lots(rows: readonly TableRow[]): Generator<TableRow[]> {
  let lot: TableRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    lot.push(row);
    bytes += row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
    if (bytes < STATEMENT_BYTES) continue;
    yield lot;
    lot = [];
    bytes = 0;
  }
  if (lot.length > 0) yield lot;
}

function sizeOf(value: TableRow[number]): number {
  return typeof value === 'string' || value instanceof Uint8Array ? 2 * value.length + 8 : 8;
}
