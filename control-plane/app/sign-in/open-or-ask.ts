/** The end of every way to sign in, once it is known who it is: a session, or the question for a second factor. */
import { randomBytes } from 'node:crypto';
import { requestOptions } from '../../auth/passkeys.ts';
import { type FactorKind, type Factors, factorsOf, hasSecondFactor } from '../../auth/second-factors.ts';
import { type OpenedSession, openSession } from '../../auth/sessions.ts';
import { newPendingToken, tokenHash } from '../../auth/tokens.ts';
import { insertPending } from '../../store/pending-sign-ins.ts';
import { standingOf } from '../../store/standing.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';

/** How long a second factor is waited for, in milliseconds. */
const PENDING_MS = 10 * 60_000;

/** A person just signed in. */
export interface SignedIn extends OpenedSession {
  user: { id: string; username: string; administrator: boolean };
}

/** A question for a second factor. */
export interface Challenge {
  pendingToken: string;
  factors: FactorKind[];
  /** JSON for a browser, empty without a passkey. */
  passkeyOptions: string;
  expiresAt: number;
}

/** What a sign-in came to. */
export type SignInOutcome = { signedIn: SignedIn } | { challenge: Challenge };

/** Who is known to be there, and by what. */
export interface Entrant {
  id: string;
  username: string;
  /** The way in, for the audit, e.g. `{ by: "password" }`. */
  how: Record<string, string>;
}

/**
 * Opens a session for a person, or asks for a second factor where he has one.
 * @param trusted whether whoever says who it is has asked for a second factor itself
 */
export async function openOrAsk(
  { passkeyParty }: Pick<AppDeps, 'passkeyParty'>,
  tx: Tx,
  entrant: Entrant,
  caller: AnonymousCaller,
  trusted = false,
): Promise<SignInOutcome> {
  const factors = await factorsOf(tx.db, tx.secrets, entrant.id);
  if (trusted || !hasSecondFactor(factors)) {
    return { signedIn: await open(tx, entrant, caller, undefined) };
  }
  const challenge = randomBytes(32).toString('base64url');
  const pendingToken = newPendingToken();
  const expiresAt = tx.now + PENDING_MS;
  await insertPending(tx, {
    kind: 'second-factor',
    tokenHash: tokenHash(pendingToken),
    userId: entrant.id,
    expiresAt,
    data: { challenge, how: entrant.how },
  });
  const usable = passkeyParty ? factors.passkeys : [];
  const passkeyOptions = passkeyParty && usable.length > 0 ? await requestOptions(passkeyParty, challenge, usable) : '';
  return { challenge: { pendingToken, factors: kindsOf(factors, usable.length), passkeyOptions, expiresAt } };
}

/** Opens a session for a person who has proved all there is to prove. */
export async function open(
  tx: Tx,
  { id, username, how }: Entrant,
  caller: AnonymousCaller,
  secondFactor: FactorKind | undefined,
): Promise<SignedIn> {
  const { administrator } = await standingOf(tx.db, id);
  const change = { ...how, ...(secondFactor && { secondFactor }) };
  const object = { siteId: null, objectKind: 'user', objectId: id };
  await recordAnonymous(tx, caller, id, { ...object, action: 'session.open', change });
  const opened = await openSession(tx, id, { ...caller, secondFactor: secondFactor !== undefined });
  return { user: { id, username, administrator }, ...opened };
}

function kindsOf({ totpConfirmedAt, recoveryCodesLeft }: Factors, passkeys: number): FactorKind[] {
  return [
    ...(passkeys > 0 ? (['passkey'] as const) : []),
    ...(totpConfirmedAt === null ? [] : (['totp'] as const)),
    ...(recoveryCodesLeft > 0 ? (['recovery-code'] as const) : []),
  ];
}
