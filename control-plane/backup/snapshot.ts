import { BackupError } from './backup-error.ts';
import { schemaOf, tablesOf } from './catalogue.ts';
import type { RawDatabase } from './raw-database.ts';
import { asValue, type Table, type TableRow } from './rows.ts';

/** A database as it was at one moment, read while others write. */
export interface Snapshot {
  /** Newest migration. */
  readonly schema: string;
  /** Referenced tables before those that refer to them. */
  readonly tables: readonly Table[];
  /** The rows of a table, some at a time, in no particular order. */
  rows(table: Table): AsyncIterable<TableRow[]>;
}

/**
 * Takes a snapshot by a connection, which is the snapshot's from then on until it is closed. Nobody is held up by it.
 * @throws BackupError "wrong_file" when there is no database of Berth's
 */
export async function snapshotOf(raw: RawDatabase): Promise<Snapshot> {
  await raw.freeze();
  const schema = await schemaOf(raw);
  if (!schema) throw new BackupError('wrong_file', 'This database is not one of a Berth control plane.');
  const tables = await tablesOf(raw);
  return {
    schema,
    tables,
    async *rows(table) {
      const names = table.columns.map(({ name }) => raw.quote(name)).join(', ');
      for await (const batch of raw.stream(`select ${names} from ${raw.quote(table.name)}`)) {
        yield batch.map((row) => table.columns.map((column) => asValue(row[column.name], column)));
      }
    },
  };
}
