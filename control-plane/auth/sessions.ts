import type { Clock } from '@berth/proto/contract/clock.ts';
import type { AnonymousCaller, Caller } from '../app/caller.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { deleteSessionByHash, insertSession, sessionByHash, touchSession } from '../store/sessions.ts';
import { standingOf } from '../store/standing.ts';
import type { Store, Tx } from '../store/store.ts';
import { newSessionToken, tokenHash } from './tokens.ts';

const DAY = 24 * 3_600_000;
/** A session ends this long after its making, in milliseconds. */
export const SESSION_MS = 30 * DAY;
/** And this long after its last use. */
export const SESSION_IDLE_MS = 7 * DAY;
/** Use is noted at most this often. */
const TOUCH_MS = 5 * 60_000;

/** A session just opened; the token is known only now. */
export interface OpenedSession {
  token: string;
  expiresAt: number;
}

/** What is known of whoever opens a session. */
export interface Opening extends Pick<AnonymousCaller, 'userAgent' | 'address' | 'formerToken'> {
  /** Whether a second factor was given. */
  secondFactor?: boolean;
}

/**
 * Opens a session for a person who has just proved who he is. One that was presented ends, so that nobody goes on
 * under a session that somebody else may have planted.
 */
export async function openSession(
  tx: Tx,
  userId: string,
  { userAgent, address, formerToken, secondFactor = false }: Opening,
): Promise<OpenedSession> {
  if (formerToken) await deleteSessionByHash(tx, tokenHash(formerToken));
  const token = newSessionToken();
  const expiresAt = tx.now + SESSION_MS;
  await insertSession(tx, {
    id: newId('ses', tx.now),
    token_hash: tokenHash(token),
    user_id: userId,
    created_at: tx.now,
    last_used_at: tx.now,
    expires_at: expiresAt,
    user_agent: userAgent.replace(/[\p{Cc}]+/gu, ' ').slice(0, 255),
    address: address.slice(0, 64),
    authenticated_at: tx.now,
    second_factor: secondFactor ? 1 : 0,
  });
  await tx.db.updateTable('users').set({ last_sign_in_at: tx.now }).where('id', '=', userId).execute();
  return { token, expiresAt };
}

/** The request that presents a token. */
export type Origin = Pick<Caller, 'requestId' | 'address' | 'via'>;

/**
 * Who a session's token belongs to.
 * @throws AppError "unauthenticated" when it is unknown, expired or unused for too long
 */
export async function callerOfSession(store: Store, clock: Clock, token: string, origin: Origin): Promise<Caller> {
  const session = await sessionByHash(store.db, tokenHash(token));
  const now = clock.now();
  const live = session && session.expires_at > now && session.last_used_at + SESSION_IDLE_MS > now;
  if (!live || session.status !== 'active') {
    throw new AppError('unauthenticated', {
      reason: 'session_ended',
      message: 'The session has ended; sign in again.',
    });
  }
  if (now - session.last_used_at >= TOUCH_MS) await touchSession(store, session.id, now);
  return {
    userId: session.user_id,
    username: session.username,
    ...(await standingOf(store.db, session.user_id)),
    sessionId: session.id,
    ...origin,
  };
}
