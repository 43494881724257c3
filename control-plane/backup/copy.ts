import { requireAlone } from './alone.ts';
import { BackupError } from './backup-error.ts';
import { compareDatabases } from './compare.ts';
import type { Counts } from './content.ts';
import { fillDatabase, type Rows } from './fill.ts';
import { openRaw } from './raw-database.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

const IN_USE =
  'Something is using the database to copy. Stop the control plane first (systemctl stop berth), or copy what it is at ' +
  'this moment with --online.';

/**
 * Copies a database to an empty one, of another engine or the same: every table at the same schema, every row, every
 * value, and compares the two row by row afterwards. Its control plane must not run meanwhile, since what it writes
 * would be missing in the copy; `online` copies one moment all the same, as for a rehearsal.
 * @throws BackupError, or the engine's own error; the target is as good as empty then
 */
export async function copyDatabase(from: string, to: string, { online = false } = {}): Promise<Counts> {
  const raw = await openRaw(from);
  try {
    if (!online) await requireAlone(raw, IN_USE);
    const snapshot = await snapshotOf(raw);
    const counts = await fillDatabase(to, snapshot.schema, rowsOf(snapshot));
    if (!online) await requireSame(from, to);
    return { ...counts, tables: snapshot.tables.length };
  } finally {
    await raw.close();
  }
}

async function* rowsOf(snapshot: Snapshot): Rows {
  for (const table of snapshot.tables) {
    for await (const rows of snapshot.rows(table)) yield { table, rows };
  }
}

async function requireSame(from: string, to: string): Promise<void> {
  const differences = await compareDatabases(from, to);
  const [first] = differences;
  if (!first) return;
  throw new BackupError('cannot_keep', `The copy differs: ${first.table} ${first.key}: ${first.what}.`);
}
