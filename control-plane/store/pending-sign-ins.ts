/**
 * Sign-ins and registrations between two requests. One is found by a token of which only a hash is kept; what must not
 * be read from the database (challenges) is sealed. It is used up by whoever ends it.
 */
import { newId } from '../ids.ts';
import type { SecretBox } from './secrets.ts';
import type { Db, Tx } from './store.ts';

/** What is under way. */
export type PendingKind = 'second-factor' | 'passkey-proof' | 'passkey-registration';

/** Something under way, its data open. */
export interface Pending {
  id: string;
  userId: string;
  /** Wrong answers so far. */
  attempts: number;
  data: Record<string, unknown>;
}

/** Something to be under way until `expiresAt`, milliseconds since the epoch. */
export interface NewPending {
  kind: PendingKind;
  tokenHash: string;
  userId: string;
  expiresAt: number;
  data: Record<string, unknown>;
}

const context = (id: string) => `pending_sign_ins.data:${id}`;

/** Puts something under way. */
export async function insertPending(tx: Tx, pending: NewPending): Promise<void> {
  const id = newId('psi', tx.now);
  await tx.db
    .insertInto('pending_sign_ins')
    .values({
      id,
      token_hash: pending.tokenHash,
      kind: pending.kind,
      user_id: pending.userId,
      data_box: tx.secrets.seal(JSON.stringify(pending.data), context(id)),
      created_at: tx.now,
      expires_at: pending.expiresAt,
    })
    .execute();
}

/** What a token's hash stands for, unless it is over. @param now milliseconds since the epoch */
export async function pendingByHash(
  db: Db,
  secrets: SecretBox,
  { kind, tokenHash, now }: { kind: PendingKind; tokenHash: string; now: number },
): Promise<Pending | undefined> {
  const row = await db
    .selectFrom('pending_sign_ins')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('kind', '=', kind)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!row?.user_id) return undefined;
  const data = JSON.parse(secrets.open(row.data_box, context(row.id)));
  return { id: row.id, userId: row.user_id, attempts: row.attempts, data };
}

/** Counts a wrong answer, and ends what is under way at the last that is allowed. */
export async function countWrongAnswer(tx: Tx, id: string, allowed: number): Promise<void> {
  await tx.db
    .updateTable('pending_sign_ins')
    .set((row) => ({ attempts: row('attempts', '+', 1) }))
    .where('id', '=', id)
    .execute();
  await tx.db.deleteFrom('pending_sign_ins').where('id', '=', id).where('attempts', '>=', allowed).execute();
}

/** Uses up what is under way. @returns false when somebody else did already */
export async function usePending(tx: Tx, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db.deleteFrom('pending_sign_ins').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Drops what is over. */
export async function prunePending(tx: Tx): Promise<void> {
  await tx.db.deleteFrom('pending_sign_ins').where('expires_at', '<=', tx.now).execute();
}
