/**
 * The content of a backup, before it is compressed and sealed: lines of JSON. The first tells what is not in the
 * database, then comes each table with its rows, referenced tables before those that refer to them, and a last line
 * with the counts, so that a reader knows it has all.
 */
import * as z from 'zod';
import { BackupError } from './backup-error.ts';
import { type Column, parseRow, rowLine, type Table, type TableRow } from './rows.ts';
import type { Snapshot } from './snapshot.ts';

/** Rows handed on at once by a reader. */
const BATCH = 200;
const LINE_FEED = 10;

/** What a backup holds besides the database. */
export interface Keys {
  /** Opens the secrets in the rows; base64. */
  masterKey: string;
}

/** What is in a backup, or was carried. */
export interface Counts {
  tables: number;
  rows: number;
}

const startShape = z.object({ masterKey: z.string() });
const types = z.enum(['integer', 'real', 'text', 'bytes']);
const tableShape = z.object({
  table: z.string(),
  key: z.array(z.string()),
  columns: z.record(z.string(), types),
});
const endShape = z.object({ end: z.string(), rows: z.number() });
const doneShape = z.object({ tables: z.number(), rows: z.number() });

/** Part of a backup's content. */
export type Part =
  | { kind: 'keys'; keys: Keys }
  | { kind: 'table'; table: Table }
  | { kind: 'rows'; table: Table; rows: TableRow[] }
  | { kind: 'done'; counts: Counts };

/** Writes what a snapshot holds. @param counted told the counts at the end */
export async function* writeContent(
  snapshot: Snapshot,
  keys: Keys,
  counted: (counts: Counts) => void = () => {},
): AsyncGenerator<Buffer> {
  yield line(keys);
  const counts: Counts = { tables: 0, rows: 0 };
  for (const table of snapshot.tables) {
    const columns = Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
    yield line({ table: table.name, key: table.key, columns });
    let rows = 0;
    for await (const batch of snapshot.rows(table)) {
      rows += batch.length;
      yield Buffer.from(batch.map((row) => `${rowLine(row)}\n`).join(''));
    }
    yield line({ end: table.name, rows });
    counts.tables += 1;
    counts.rows += rows;
  }
  yield line(counts);
  counted(counts);
}

function line(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/**
 * Reads content again, in parts.
 * @throws BackupError "malformed" when a line is not what must stand there, and whatever the source throws
 */
export async function* readContent(source: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  const reading = new ContentReader();
  for await (const text of linesOf(source)) yield* reading.take(text);
  if (!reading.done) throw new BackupError('malformed', 'The content of this backup ends before its last line.');
}

/** Lines end with a line feed and nothing else: not with what else is a line's end in Unicode. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const piece of source) {
    let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    for (let at = rest.indexOf(LINE_FEED); at >= 0; at = rest.indexOf(LINE_FEED)) {
      yield Buffer.concat([...begun, rest.subarray(0, at)]).toString('utf8');
      begun = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) begun.push(rest);
  }
  if (begun.length > 0) yield Buffer.concat(begun).toString('utf8');
}

class ContentReader {
  done = false;
  #begun = false;
  #table: Table | undefined;
  #rows: TableRow[] = [];
  #inTable = 0;
  #counts: Counts = { tables: 0, rows: 0 };

  *take(text: string): Generator<Part> {
    try {
      const parsed: unknown = JSON.parse(text);
      if (this.done) throw new Error('something follows the last line');
      if (!this.#begun) yield this.#start(parsed);
      else if (!this.#table) yield this.#between(parsed);
      else if (Array.isArray(parsed)) yield* this.#row(parsed, this.#table);
      else yield* this.#end(parsed, this.#table);
    } catch (cause) {
      if (cause instanceof BackupError || !(cause instanceof Error)) throw cause;
      throw new BackupError('malformed', `The content of this backup is not as it must be: ${cause.message}.`, {
        cause,
      });
    }
  }

  #start(parsed: unknown): Part {
    this.#begun = true;
    return { kind: 'keys', keys: startShape.parse(parsed) };
  }

  #between(parsed: unknown): Part {
    const table = tableShape.safeParse(parsed);
    if (!table.success) return this.#finish(parsed);
    const columns: Column[] = Object.entries(table.data.columns).map(([name, type]) => ({ name, type }));
    this.#table = { name: table.data.table, key: table.data.key, columns };
    this.#inTable = 0;
    this.#counts.tables += 1;
    return { kind: 'table', table: this.#table };
  }

  *#row(parsed: unknown, table: Table): Generator<Part> {
    this.#rows.push(parseRow(parsed, table));
    this.#inTable += 1;
    if (this.#rows.length >= BATCH) yield this.#batch(table);
  }

  *#end(parsed: unknown, table: Table): Generator<Part> {
    if (this.#rows.length > 0) yield this.#batch(table);
    const { end, rows } = endShape.parse(parsed);
    if (end !== table.name || rows !== this.#inTable) throw new Error(`${table.name} has not the rows it should have`);
    this.#counts.rows += rows;
    this.#table = undefined;
  }

  #batch(table: Table): Part {
    const rows = this.#rows;
    this.#rows = [];
    return { kind: 'rows', table, rows };
  }

  #finish(parsed: unknown): Part {
    const counts = doneShape.parse(parsed);
    const { tables, rows } = this.#counts;
    if (counts.tables !== tables || counts.rows !== rows) throw new Error('the counts in its last line are others');
    this.done = true;
    return { kind: 'done', counts };
  }
}
