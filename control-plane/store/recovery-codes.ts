import { newId } from '../ids.ts';
import type { Db, Tx } from './store.ts';

/** Gives a person new recovery codes, by their hashes, in the place of those before. */
export async function replaceRecoveryCodes(tx: Tx, userId: string, hashes: readonly string[]): Promise<void> {
  await deleteRecoveryCodes(tx, userId);
  const rows = hashes.map((code_hash) => ({ id: newId('rcv', tx.now), user_id: userId, code_hash, used_at: null }));
  await tx.db.insertInto('recovery_codes').values(rows).execute();
}

/** Uses a code up. @returns false when the person has no such code, or has no longer */
export async function useRecoveryCode(tx: Tx, userId: string, hash: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('recovery_codes')
    .set({ used_at: tx.now })
    .where('user_id', '=', userId)
    .where('code_hash', '=', hash)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** How many codes a person has left. */
export async function recoveryCodesLeft(db: Db, userId: string): Promise<number> {
  const { count } = await db
    .selectFrom('recovery_codes')
    .select((by) => by.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Takes all codes from a person. */
export async function deleteRecoveryCodes(tx: Tx, userId: string): Promise<void> {
  await tx.db.deleteFrom('recovery_codes').where('user_id', '=', userId).execute();
}
