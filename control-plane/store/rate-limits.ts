import type { Row } from './schema.ts';
import type { Db, DialectName, Tx } from './store.ts';

/** Counts by name. */
export async function readCounts(db: Db, names: readonly string[]): Promise<Map<string, Row<'rate_limits'>>> {
  const rows = await db.selectFrom('rate_limits').selectAll().where('name', 'in', names).execute();
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * Counts by name, locked until the transaction ends, so that tries at the same moment are counted one after the other.
 * Looking and locking are one statement: what is made between two of them would be counted on without being held. In
 * the order of names, so that nobody waits for whoever waits for him.
 */
export async function lockCounts(
  tx: Tx,
  dialect: DialectName,
  names: readonly string[],
): Promise<Map<string, Row<'rate_limits'>>> {
  const query = tx.db.selectFrom('rate_limits').selectAll().where('name', 'in', names).orderBy('name');
  // SQLite has one writer at a time.
  const rows = await (dialect === 'sqlite' ? query : query.forUpdate()).execute();
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * Sets a count, now.
 * @param locked what `lockCounts` found: a row that was not there then is made, and not taken from who made it since
 * @throws UniqueViolation when somebody else has made it meanwhile: look again
 */
export async function writeCount(
  tx: Tx,
  locked: ReadonlyMap<string, unknown>,
  name: string,
  failures: number,
): Promise<void> {
  const set = { failures, updated_at: tx.now };
  if (locked.has(name)) await tx.db.updateTable('rate_limits').set(set).where('name', '=', name).execute();
  else
    await tx.db
      .insertInto('rate_limits')
      .values({ name, ...set })
      .execute();
}

/** Forgets counts. */
export async function dropCounts(tx: Tx, names: readonly string[]): Promise<void> {
  await tx.db.deleteFrom('rate_limits').where('name', 'in', names).execute();
}

/** Forgets what nobody has touched since a moment. */
export async function dropCountsBefore(tx: Tx, at: number): Promise<void> {
  await tx.db.deleteFrom('rate_limits').where('updated_at', '<', at).execute();
}
