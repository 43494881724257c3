/**
 * Compares two databases row by row, whatever engines they are of. Each table is first summed up on both sides, as a
 * count and a sum of hashes that does not depend on an order, since engines order text differently; only tables whose
 * sums differ are read again to name the rows.
 */
import { createHash } from 'node:crypto';
import { BackupError } from './backup-error.ts';
import { openRaw } from './raw-database.ts';
import { rowLine, type Table, type TableRow } from './rows.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** Differences named at most; more tell nothing more. */
const NAMED_MAX = 100;
const MODULUS = 1n << 128n;

/** A row that is not the same in both. */
export interface Difference {
  table: string;
  /** Values of its primary key, or of all its columns where it has none. */
  key: string;
  /** In words, e.g. "only in the first" or "differs in phase, updated_at". */
  what: string;
}

/**
 * The differences between two databases, up to a hundred.
 * @throws BackupError "malformed" when they are of different schemas
 */
export async function compareDatabases(first: string, second: string): Promise<Difference[]> {
  const [a, b] = [await openRaw(first), await openRaw(second)];
  try {
    return await compareSnapshots(await snapshotOf(a), await snapshotOf(b));
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

/** The same of two snapshots. */
async function compareSnapshots(a: Snapshot, b: Snapshot): Promise<Difference[]> {
  if (a.schema !== b.schema || JSON.stringify(shapesOf(a)) !== JSON.stringify(shapesOf(b))) {
    throw new BackupError('malformed', `They are of different schemas: ${a.schema} and ${b.schema}.`);
  }
  const differences: Difference[] = [];
  for (const table of a.tables) {
    if ((await sumOf(a, table)) === (await sumOf(b, table))) continue;
    differences.push(...(await differencesIn(a, b, table)));
    if (differences.length >= NAMED_MAX) break;
  }
  return differences.slice(0, NAMED_MAX);
}

function shapesOf({ tables }: Snapshot) {
  return tables.map(({ name, columns }) => ({ name, columns }));
}

async function sumOf(snapshot: Snapshot, table: Table): Promise<string> {
  let count = 0;
  let sum = 0n;
  for await (const rows of snapshot.rows(table)) {
    count += rows.length;
    for (const row of rows) sum = (sum + BigInt(`0x${hashOf(row)}`)) % MODULUS;
  }
  return `${count} ${sum}`;
}

async function differencesIn(a: Snapshot, b: Snapshot, table: Table): Promise<Difference[]> {
  const only = await hashes(a, table);
  const differing = new Set<string>();
  const found: Difference[] = [];
  for await (const rows of b.rows(table)) {
    for (const row of rows) {
      const key = keyOf(table, row);
      const hash = only.get(key);
      only.delete(key);
      if (hash === undefined) found.push({ table: table.name, key, what: 'only in the second' });
      else if (hash !== hashOf(row)) differing.add(key);
    }
  }
  for (const key of only.keys()) found.push({ table: table.name, key, what: 'only in the first' });
  return [...found, ...(await columnsOf(a, b, table, differing))].slice(0, NAMED_MAX);
}

async function columnsOf(a: Snapshot, b: Snapshot, table: Table, keys: ReadonlySet<string>): Promise<Difference[]> {
  const some = new Set([...keys].slice(0, NAMED_MAX));
  const [left, right] = [await rowsWith(a, table, some), await rowsWith(b, table, some)];
  return [...some].map((key) => {
    const [one, other] = [left.get(key) ?? [], right.get(key) ?? []];
    const names = table.columns.filter((_, i) => rowLine([one[i] ?? null]) !== rowLine([other[i] ?? null]));
    return { table: table.name, key, what: `differs in ${names.map(({ name }) => name).join(', ')}` };
  });
}

async function hashes(snapshot: Snapshot, table: Table): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const rows of snapshot.rows(table)) {
    for (const row of rows) found.set(keyOf(table, row), hashOf(row));
  }
  return found;
}

async function rowsWith(snapshot: Snapshot, table: Table, keys: ReadonlySet<string>): Promise<Map<string, TableRow>> {
  const found = new Map<string, TableRow>();
  if (keys.size === 0) return found;
  for await (const rows of snapshot.rows(table)) {
    for (const row of rows) {
      const key = keyOf(table, row);
      if (keys.has(key)) found.set(key, row);
    }
  }
  return found;
}

function keyOf({ key, columns }: Table, row: TableRow): string {
  const values = row.filter((_, i) => key.length === 0 || key.includes(columns[i]?.name ?? ''));
  return rowLine(values).slice(1, -1);
}

function hashOf(row: TableRow): string {
  return createHash('sha256').update(rowLine(row)).digest('hex').slice(0, 32);
}
