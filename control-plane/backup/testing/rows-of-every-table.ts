/** Rows in every table there is, with values that are hard to carry: for tests of what keeps every row. */
import { createHash } from 'node:crypto';
import SqliteDatabase from 'better-sqlite3';
import { migrated } from './migrated.ts';

/** Rows in each table. */
const ROWS = 3;
/** What is hard to keep: quotes, escapes, ends of lines of all kinds, letters of four bytes, other scripts. */
const HARD = [
  "'",
  '"',
  '\\',
  '\n',
  '\r\n',
  '\t',
  '\u2028',
  '😀',
  'ß',
  '漢',
  '%',
  '?',
  '$1',
  '\u0001',
  ' x ',
  '`',
  '{}',
];
const NUMBERS = [0n, -1n, 1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n];

interface ColumnInfo {
  name: string;
  type: string;
  notnull: bigint;
}

interface Reference {
  from: string;
  table: string;
  to: string | null;
}

/** Fills a new SQLite file of the newest schema. @returns the number of rows */
export async function fillEveryTable(path: string): Promise<number> {
  await migrated(`sqlite:${path}`);
  const database = new SqliteDatabase(path);
  database.pragma('foreign_keys = OFF');
  database.defaultSafeIntegers(true);
  const tables = database
    .prepare<[], { name: string }>("select name from sqlite_master where type = 'table' and name not like 'kysely%'")
    .all()
    .filter(({ name }) => !['nudges', 'sqlite_sequence'].includes(name));
  let rows = 0;
  for (const { name } of tables) {
    if (name !== 'audit') database.exec(`delete from "${name}"`);
    for (let row = 0; row < ROWS; row++) rows += insert(database, name, row);
  }
  const broken = database.pragma('foreign_key_check');
  if (!Array.isArray(broken) || broken.length > 0)
    throw new Error(`references lead nowhere: ${JSON.stringify(broken)}`);
  database.close();
  return rows;
}

function insert(database: SqliteDatabase.Database, table: string, row: number): number {
  const columns = database.pragma(`table_info("${table}")`) as ColumnInfo[];
  const references = database.pragma(`foreign_key_list("${table}")`) as Reference[];
  const values = columns.map((column, i) => {
    const reference = references.find(({ from }) => from === column.name);
    if (reference) return sampleFor(idColumn(database, reference), reference.table, row, 0);
    return sampleFor(column, table, row, i);
  });
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  database.prepare(`insert into "${table}" (${names}) values (${columns.map(() => '?').join(', ')})`).run(...values);
  return 1;
}

function idColumn(database: SqliteDatabase.Database, { table, to }: Reference): ColumnInfo {
  const columns = database.pragma(`table_info("${table}")`) as ColumnInfo[];
  const found = columns.find(({ name }) => name === (to ?? 'id'));
  if (!found) throw new Error(`${table} has no ${to}`);
  return found;
}

/** The same for the same place, so that references find what they refer to. */
function sampleFor({ name, type, notnull }: ColumnInfo, table: string, row: number, index: number): unknown {
  const digest = createHash('sha256').update(`${table} ${name} ${row}`).digest();
  if (!notnull && row === 1) return null;
  if (/int/i.test(type)) {
    // Unique constraints over few columns want numbers that differ by row.
    if (/small/i.test(type)) return BigInt(digest.readInt16BE());
    return /big/i.test(type) ? (NUMBERS[(row + index) % NUMBERS.length] as bigint) : BigInt(digest.readInt32BE());
  }
  if (/blob/i.test(type)) return Buffer.concat([digest, Buffer.of(0, 10, 13, 39, 92, 255)]);
  const length = Number(/\((\d+)\)/.exec(type)?.[1] ?? 2_000);
  if (/^char/i.test(type)) return digest.toString('hex').slice(0, length);
  const unique = digest.toString('base64').slice(0, Math.min(length - 2, 22));
  return `${unique}${HARD[digest.readUInt16BE(4) % HARD.length]}`.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
