import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** What there is one of, by name; undefined while nobody has set it. */
export function readSetting(db: Db, name: string): Promise<Row<'settings'> | undefined> {
  return db.selectFrom('settings').selectAll().where('name', '=', name).executeTakeFirst();
}

/**
 * Reads a setting and keeps others from changing it until the transaction ends.
 * @throws UniqueViolation when another transaction makes its first value at the same moment
 */
export async function lockSetting(tx: Tx, name: string): Promise<Row<'settings'>> {
  const empty = { name, value: '', secret_box: null, updated_at: tx.now };
  // Raised by one, so that MySQL counts the row as changed and takes its lock.
  const { numUpdatedRows } = await tx.db
    .updateTable('settings')
    .set(({ eb }) => ({ updated_at: eb('updated_at', '+', 1) }))
    .where('name', '=', name)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return (await readSetting(tx.db, name)) ?? empty;
  await tx.db.insertInto('settings').values(empty).execute();
  return empty;
}

/** Writes a setting that `lockSetting` has locked. */
export async function writeSetting(
  tx: Tx,
  name: string,
  change: { value: string; secret_box?: Uint8Array | null },
): Promise<void> {
  await tx.db
    .updateTable('settings')
    .set({ ...change, updated_at: tx.now })
    .where('name', '=', name)
    .execute();
}
