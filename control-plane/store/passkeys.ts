import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Registers a passkey. @throws UniqueViolation "passkeys_credential" */
export async function insertPasskey(tx: Tx, passkey: Row<'passkeys'>): Promise<void> {
  await tx.db.insertInto('passkeys').values(passkey).execute();
}

/** The passkeys of a person, oldest first. */
export function passkeysOf(db: Db, userId: string): Promise<Row<'passkeys'>[]> {
  return db
    .selectFrom('passkeys')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** A passkey of a person. */
export function passkeyOf(db: Db, userId: string, id: string): Promise<Row<'passkeys'> | undefined> {
  return db.selectFrom('passkeys').selectAll().where('id', '=', id).where('user_id', '=', userId).executeTakeFirst();
}

/** Notes the use of a passkey, whose counter went on. @returns false when it has moved, or gone, in the meantime */
export async function touchPasskey(tx: Tx, id: string, count: { from: number; to: number }): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('passkeys')
    .set({ sign_count: count.to, last_used_at: tx.now })
    .where('id', '=', id)
    .where('sign_count', '=', count.from)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives a passkey another name. */
export async function renamePasskey(tx: Tx, id: string, name: string): Promise<void> {
  await tx.db.updateTable('passkeys').set({ name }).where('id', '=', id).execute();
}

/** Removes a passkey. */
export async function deletePasskey(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('passkeys').where('id', '=', id).execute();
}

/** Removes all passkeys of a person. @returns how many there were */
export async function deletePasskeysOf(tx: Tx, userId: string): Promise<number> {
  const { numDeletedRows } = await tx.db.deleteFrom('passkeys').where('user_id', '=', userId).executeTakeFirst();
  return Number(numDeletedRows);
}
