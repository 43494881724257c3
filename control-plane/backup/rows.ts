/** Tables and rows as no engine in particular has them: what a backup holds and what copying carries. */

/** What a column can hold, besides null. */
export type ColumnType = 'integer' | 'real' | 'text' | 'bytes';

/** A value; integers that a number cannot hold are bigint. */
export type Value = null | number | bigint | string | Uint8Array;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** A table; its columns by name, so that every engine tells them alike. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns of the primary key. */
  readonly key: readonly string[];
}

/** The values of a row in the order of its table's columns. */
export type TableRow = readonly Value[];

/** The kind of a column by the name that an engine gives its type. @throws Error on one that no table of ours has */
export function columnTypeOf(declared: string): ColumnType {
  const name = declared.toLowerCase();
  if (/int/.test(name)) return 'integer';
  if (/blob|bytea|binary/.test(name)) return 'bytes';
  if (/char|text/.test(name)) return 'text';
  if (/real|double|float/.test(name)) return 'real';
  throw new Error(`columns of type ${declared} cannot be carried to another database`);
}

/**
 * A value as its column has it, whatever the driver made of it.
 * @throws Error when the engine holds something of another kind there, as SQLite may
 */
export function asValue(raw: unknown, { name, type }: Column): Value {
  if (raw === null || raw === undefined) return null;
  switch (type) {
    case 'integer':
      if (typeof raw === 'number' && Number.isInteger(raw)) return raw;
      if (typeof raw === 'bigint' || (typeof raw === 'string' && /^-?\d+$/.test(raw))) return shortest(BigInt(raw));
      break;
    case 'real':
      if (typeof raw === 'number' || typeof raw === 'bigint') return Number(raw);
      break;
    case 'text':
      if (typeof raw === 'string') return raw;
      break;
    case 'bytes':
      if (raw instanceof Uint8Array) return raw;
      break;
  }
  throw new Error(`column ${name} holds something that is no ${type}`);
}

/** A row as one line of JSON: bytes in base64, integers beyond what JSON readers keep as text. */
export function rowLine(row: TableRow): string {
  return JSON.stringify(row.map(asJson));
}

/** The row of such a line. @throws Error when it does not fit the table */
export function parseRow(parsed: unknown, { name, columns }: Table): TableRow {
  if (!Array.isArray(parsed) || parsed.length !== columns.length) {
    throw new Error(`a row of ${name} has not as many values as the table has columns`);
  }
  return columns.map((column, i) => fromJson(parsed[i], column));
}

function asJson(value: Value): null | number | string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  return value;
}

function fromJson(json: unknown, column: Column): Value {
  const bytes = column.type === 'bytes' && typeof json === 'string';
  return asValue(bytes ? Buffer.from(json, 'base64') : json, column);
}

function shortest(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}
