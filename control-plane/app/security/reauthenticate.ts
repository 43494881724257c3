import { randomBytes } from 'node:crypto';
import type { ReauthenticateRequest } from '@berth/proto/api/v1/security_pb.js';
import { requestOptions } from '../../auth/passkeys.ts';
import { verifyPassword } from '../../auth/password.ts';
import { admit, forgive } from '../../auth/rate-limits.ts';
import { checkAnswer, type RightAnswer } from '../../auth/second-factors.ts';
import { newPendingToken, tokenHash } from '../../auth/tokens.ts';
import { AppError } from '../../errors.ts';
import { passkeysOf } from '../../store/passkeys.ts';
import { insertPending, pendingByHash, usePending } from '../../store/pending-sign-ins.ts';
import { proveSession } from '../../store/session-lists.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { codeFault, passkeyFault, pendingOver, secondFactorAccount } from '../sign-in/complete-sign-in.ts';
import { tooManyTries } from '../sign-in/too-many-tries.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { available, type PasskeyBegun } from './passkeys.ts';
import { PROOF_MS } from './proof.ts';
import { self } from './read-security.ts';

const PENDING_MS = 10 * 60_000;
const WAYS = ['password', 'code', 'passkeyResponse'] as const;

/** Begins a proof by passkey. @throws AppError "passkeys_unavailable", "no_passkey" */
export async function beginPasskeyProof({ store, passkeyParty }: AppDeps, caller: Caller): Promise<PasskeyBegun> {
  const party = available(passkeyParty);
  const challenge = randomBytes(32).toString('base64url');
  const pendingToken = newPendingToken();
  return store.transaction(async (tx) => {
    const passkeys = await passkeysOf(tx.db, caller.userId);
    if (passkeys.length === 0) {
      throw new AppError('failed_precondition', { reason: 'no_passkey', message: 'You have no passkey.' });
    }
    await insertPending(tx, {
      kind: 'passkey-proof',
      tokenHash: tokenHash(pendingToken),
      userId: caller.userId,
      expiresAt: tx.now + PENDING_MS,
      data: { challenge },
    });
    return { pendingToken, passkeyOptions: await requestOptions(party, challenge, passkeys) };
  });
}

/**
 * Takes a proof of who is calling.
 * @returns until when it is good enough, milliseconds since the epoch
 * @throws AppError "wrong_proof", "too_many_tries", "pending_over"
 */
export async function reauthenticate(deps: AppDeps, caller: Caller, request: ReauthenticateRequest): Promise<number> {
  checkRequest(request);
  const { store } = deps;
  const account = request.password === '' ? secondFactorAccount(caller.userId) : caller.username;
  const attempt = { account, address: caller.address };
  const admission = await admit(store, attempt);
  if (!admission.admitted) throw tooManyTries(admission.retryAfterMs);
  const right = await check(deps, caller, request);
  const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
  const until =
    right &&
    (await store.transaction(async (tx) => {
      if (!(await right.take(tx))) return undefined;
      await proveSession(tx, caller.sessionId);
      await record(tx, caller, { ...object, action: 'session.prove', change: { by: right.kind } });
      return tx.now + PROOF_MS;
    }));
  if (until === undefined) {
    const change = { failures: admission.failures };
    if (admission.notable) {
      await store.transaction((tx) => record(tx, caller, { ...object, action: 'session.prove-refused', change }));
    }
    throw wrongProof(request);
  }
  await forgive(store, attempt);
  return until;
}

function checkRequest(request: ReauthenticateRequest): void {
  const found = new Violations();
  const given = WAYS.filter((way) => request[way] !== '');
  if (given.length !== 1) {
    const fault = 'is one of three proofs, of which exactly one is wanted';
    for (const way of ['password', 'code', 'passkey_response']) found.check(way, fault);
  }
  if (request.code !== '') found.check('code', codeFault(request.code));
  if (request.passkeyResponse !== '') {
    found.check('passkey_response', passkeyFault(request.passkeyResponse));
    found.check('pending_token', request.pendingToken === '' ? 'is required' : lineFault(request.pendingToken, 100));
  } else if (request.pendingToken !== '') found.check('pending_token', 'goes with a passkey only');
  found.refuse();
}

interface RightProof {
  kind: RightAnswer['kind'] | 'password';
  take: RightAnswer['take'];
}

async function check(deps: AppDeps, caller: Caller, request: ReauthenticateRequest): Promise<RightProof | undefined> {
  if (request.password !== '') {
    const { password_hash } = await self(deps, caller);
    const right = await deps.turnstile.pass(() => verifyPassword(password_hash, request.password));
    return right ? { kind: 'password', take: async () => true } : undefined;
  }
  if (request.code !== '') return checkAnswer(deps, caller.userId, { kind: 'code', code: request.code });
  return checkPasskeyProof(deps, caller, request);
}

async function checkPasskeyProof(
  deps: AppDeps,
  caller: Caller,
  { pendingToken, passkeyResponse: response }: ReauthenticateRequest,
): Promise<RightProof | undefined> {
  const { store, clock } = deps;
  const key = { kind: 'passkey-proof', tokenHash: tokenHash(pendingToken), now: clock.now() } as const;
  const pending = await pendingByHash(store.db, store.secrets, key);
  if (pending?.userId !== caller.userId) throw pendingOver();
  const challenge = String(pending.data.challenge);
  const right = await checkAnswer(deps, caller.userId, { kind: 'passkey', response, challenge });
  return right && { ...right, take: async (tx) => (await right.take(tx)) && usePending(tx, pending.id) };
}

function wrongProof({ password, code }: ReauthenticateRequest): AppError {
  const [field, message] =
    password !== ''
      ? ['password', 'The password is wrong.']
      : code !== ''
        ? ['code', 'The code is wrong, or was used already.']
        : ['passkey_response', 'That passkey was not accepted.'];
  return new AppError('permission_denied', {
    reason: 'wrong_proof',
    message,
    violations: [{ field, description: message }],
  });
}
