/**
 * Browsers on their way to a provider and back. A journey is found by its `state`, of which only a hash is kept; what
 * must not be read from the database (the PKCE verifier, the nonce) is sealed. It is used up by whoever comes back.
 */
import * as z from 'zod';
import { newId } from '../ids.ts';
import type { Db, Tx } from './store.ts';

const KIND = 'oidc';

const journeyData = z.object({
  providerId: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** SHA-256 of what the browser keeps, hex. */
  browserHash: z.string(),
  next: z.string(),
  /** Session from which an account is to be linked; absent for a sign-in. */
  sessionId: z.string().optional(),
});

/** What is to be known when the browser is back. */
export type JourneyData = z.infer<typeof journeyData>;

/** A journey under way. */
export interface Journey extends JourneyData {
  id: string;
  /** Whose account is to be linked; null for a sign-in. */
  userId: string | null;
}

const context = (id: string) => `pending_sign_ins.data:${id}`;

/** Puts a journey in. */
export async function insertJourney(
  tx: Tx,
  journey: { stateHash: string; userId: string | null; expiresAt: number; data: JourneyData },
): Promise<void> {
  const id = newId('psi', tx.now);
  await tx.db
    .insertInto('pending_sign_ins')
    .values({
      id,
      token_hash: journey.stateHash,
      kind: KIND,
      user_id: journey.userId,
      data_box: tx.secrets.seal(JSON.stringify(journey.data), context(id)),
      created_at: tx.now,
      expires_at: journey.expiresAt,
    })
    .execute();
}

/** The journey of a state, unless it is over. */
export async function journeyOf(
  db: Db,
  secrets: Tx['secrets'],
  stateHash: string,
  now: number,
): Promise<Journey | undefined> {
  const row = await db
    .selectFrom('pending_sign_ins')
    .selectAll()
    .where('token_hash', '=', stateHash)
    .where('kind', '=', KIND)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!row) return undefined;
  const data = journeyData.parse(JSON.parse(secrets.open(row.data_box, context(row.id))));
  return { id: row.id, userId: row.user_id, ...data };
}

/** Uses a journey up. @returns false when somebody else did already */
export async function useJourney(tx: Tx, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db.deleteFrom('pending_sign_ins').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}
