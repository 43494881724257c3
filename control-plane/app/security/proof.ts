/** Whoever changes how an account is entered has to prove once more who he is, so that a session left open is not enough. */
import { AppError } from '../../errors.ts';
import type { Db } from '../../store/store.ts';
import type { Caller } from '../caller.ts';

/** How long a proof is good enough, in milliseconds. */
export const PROOF_MS = 10 * 60_000;

/**
 * Until when the caller's proof is good enough, milliseconds since the epoch; undefined when it is not.
 * @param now milliseconds since the epoch
 */
export async function provenUntil(db: Db, caller: Caller, now: number): Promise<number | undefined> {
  const session = await db
    .selectFrom('sessions')
    .select('authenticated_at')
    .where('id', '=', caller.sessionId)
    .executeTakeFirst();
  const until = (session?.authenticated_at ?? 0) + PROOF_MS;
  return until > now ? until : undefined;
}

/** @throws AppError "reauthentication_required" when the caller's last proof is too old */
export async function requireProof(db: Db, caller: Caller, now: number): Promise<void> {
  if ((await provenUntil(db, caller, now)) !== undefined) return;
  throw new AppError('failed_precondition', {
    reason: 'reauthentication_required',
    message: 'Prove first that it is you: sign in again, or confirm with your password or second factor.',
  });
}
