import type { CompleteSignInRequest } from '@berth/proto/api/v1/auth_pb.js';
import { parseAssertion } from '../../auth/passkeys.ts';
import { type Admission, admit, forgive } from '../../auth/rate-limits.ts';
import { type Answer, checkAnswer, parseCode, type RightAnswer } from '../../auth/second-factors.ts';
import { tokenHash } from '../../auth/tokens.ts';
import { AppError } from '../../errors.ts';
import { countWrongAnswer, type Pending, pendingByHash, usePending } from '../../store/pending-sign-ins.ts';
import { recoveryCodesLeft } from '../../store/recovery-codes.ts';
import type { Row } from '../../store/schema.ts';
import { userById } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { open, type SignedIn } from './open-or-ask.ts';
import { tooManyTries } from './too-many-tries.ts';

/** Wrong answers after which the password is asked for again. */
const ALLOWED_ANSWERS = 5;

/** A sign-in completed. */
export interface Completed {
  signedIn: SignedIn;
  recoveryCodesLeft: number;
}

/**
 * Opens the session for which a second factor was asked.
 * @throws AppError "pending_over", "wrong_second_factor", "too_many_tries"
 */
export async function completeSignIn(
  deps: AppDeps,
  caller: AnonymousCaller,
  request: CompleteSignInRequest,
): Promise<Completed> {
  checkRequest(request);
  const { store, clock } = deps;
  const tokenKey = { kind: 'second-factor', tokenHash: tokenHash(request.pendingToken), now: clock.now() } as const;
  const pending = await pendingByHash(store.db, store.secrets, tokenKey);
  const user = pending && (await userById(store.db, pending.userId));
  if (!pending || user?.status !== 'active') throw pendingOver();
  const attempt = { account: secondFactorAccount(user.id), address: caller.address };
  const admission = await admit(store, attempt);
  if (!admission.admitted) throw tooManyTries(admission.retryAfterMs);
  const right = await checkAnswer(deps, user.id, answerOf(request, String(pending.data.challenge)));
  const completed = right && (await finish(deps, caller, { pending, user, right }));
  if (!completed) {
    await noteWrongAnswer(deps, caller, { pending, admission, request });
    throw wrongFactor(request);
  }
  await forgive(store, attempt);
  return completed;
}

/** Under which name wrong second factors are counted: apart from passwords, as these were right before. */
export function secondFactorAccount(userId: string): string {
  return `second-factor:${userId}`;
}

function checkRequest({ pendingToken, code, passkeyResponse }: CompleteSignInRequest): void {
  const found = new Violations();
  found.check('pending_token', pendingToken === '' ? 'is required' : lineFault(pendingToken, 100));
  if ((code === '') === (passkeyResponse === '')) {
    found.check('code', 'is required, unless there is a passkey; only one of them is');
    found.check('passkey_response', 'is required, unless there is a code; only one of them is');
  } else if (code !== '') found.check('code', codeFault(code));
  else found.check('passkey_response', passkeyFault(passkeyResponse));
  found.refuse();
}

/** What is wrong with the shape of a code. */
export function codeFault(code: string): string | undefined {
  return parseCode(code) ? undefined : 'must be a code of six digits, or a recovery code';
}

/** What is wrong with the shape of a passkey's response. */
export function passkeyFault(response: string): string | undefined {
  return parseAssertion(response) ? undefined : 'must be the AuthenticationResponseJSON of a browser';
}

function answerOf({ code, passkeyResponse }: CompleteSignInRequest, challenge: string): Answer {
  return code !== '' ? { kind: 'code', code } : { kind: 'passkey', response: passkeyResponse, challenge };
}

interface Finishing {
  pending: Pending;
  user: Row<'users'>;
  right: RightAnswer;
}

/** Undefined when the answer was used already. */
function finish(
  { store }: AppDeps,
  caller: AnonymousCaller,
  { pending, user, right }: Finishing,
): Promise<Completed | undefined> {
  return store.transaction(async (tx) => {
    if (!(await right.take(tx))) return undefined;
    if (!(await usePending(tx, pending.id))) throw pendingOver();
    const entrant = { id: user.id, username: user.username, how: pending.data.how as Record<string, string> };
    const signedIn = await open(tx, entrant, caller, right.kind);
    return { signedIn, recoveryCodesLeft: await recoveryCodesLeft(tx.db, user.id) };
  });
}

interface Wrong {
  pending: Pending;
  admission: Extract<Admission, { admitted: true }>;
  request: CompleteSignInRequest;
}

async function noteWrongAnswer(
  { store }: AppDeps,
  caller: AnonymousCaller,
  { pending, admission, request }: Wrong,
): Promise<void> {
  await store.transaction(async (tx) => {
    await countWrongAnswer(tx, pending.id, ALLOWED_ANSWERS);
    if (!admission.notable) return;
    const change = { failures: admission.failures, with: request.code === '' ? 'passkey' : 'code' };
    const object = { siteId: null, objectKind: 'user', objectId: pending.userId };
    await recordAnonymous(tx, caller, pending.userId, { ...object, action: 'session.second-factor-refused', change });
  });
}

/** The error for a token of something that is over. */
export function pendingOver(): AppError {
  const message = 'This took too long, or there were too many wrong answers; begin again.';
  return new AppError('unauthenticated', {
    reason: 'pending_over',
    message,
    violations: [{ field: 'pending_token', description: message }],
  });
}

function wrongFactor({ code }: CompleteSignInRequest): AppError {
  const message = code === '' ? 'That passkey was not accepted.' : 'The code is wrong, or was used already.';
  return new AppError('unauthenticated', {
    reason: 'wrong_second_factor',
    message,
    violations: [{ field: code === '' ? 'passkey_response' : 'code', description: message }],
  });
}
