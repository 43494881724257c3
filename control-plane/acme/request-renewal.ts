import { changeManaged, managedById } from '../store/managed-certificates.ts';
import type { Tx } from '../store/store.ts';

/**
 * Lets a certificate be ordered at once, whatever its age and however long it was to wait. An order under way goes on:
 * there is never a second one. @returns whether there is such a certificate
 */
export async function requestRenewal(tx: Tx, managedId: string): Promise<boolean> {
  const row = await managedById(tx.db, managedId);
  if (!row) return false;
  await changeManaged(tx, row, { next_try_at: tx.now, next_try_reason: 'asked for' });
  return true;
}
