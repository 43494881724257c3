import type { CreateFirstAdministratorRequest, SignInRequest } from '@berth/proto/api/v1/auth_pb.js';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { openSession } from '../../auth/sessions.ts';
import { setupCodeMatches } from '../../auth/setup-code.ts';
import { verifyLogin } from '../../auth/verify-login.ts';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { SYSADMINS } from '../../store/built-in-groups.ts';
import { addGroupMember } from '../../store/groups.ts';
import { deleteSession } from '../../store/sessions.ts';
import { administratorExists } from '../../store/standing.ts';
import { insertUser } from '../../store/users.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller, Caller } from '../caller.ts';
import { record, recordAnonymous } from '../record.ts';
import { newUsernameFault } from '../validate/names.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { openOrAsk, type SignedIn, type SignInOutcome } from './open-or-ask.ts';
import { tooManyTries } from './too-many-tries.ts';

/** Whether the first administrator is still to be made. */
export async function setupRequired({ store }: AppDeps): Promise<boolean> {
  return !(await administratorExists(store.db));
}

/**
 * Makes the first administrator and signs him in.
 * @throws AppError "setup_done" once there is one, "setup_code_wrong"
 */
export async function createFirstAdministrator(
  { store }: AppDeps,
  caller: AnonymousCaller,
  request: CreateFirstAdministratorRequest,
): Promise<SignedIn> {
  if (await administratorExists(store.db)) throw setupDone();
  const found = new Violations();
  found.check('username', newUsernameFault(request.username));
  found.check('password', passwordFault(request.password, [request.username]));
  if (request.setupCode === '') found.check('setup_code', 'is required');
  found.refuse();
  if (!(await setupCodeMatches(store.db, request.setupCode))) throw codeWrong();
  const passwordHash = await hashPassword(request.password);
  try {
    return await store.transaction(async (tx) => {
      if (await administratorExists(tx.db)) throw setupDone();
      // The code goes with its use: of two callers who both know it, one deletes the row.
      const { numDeletedRows } = await tx.db
        .deleteFrom('settings')
        .where('name', '=', 'setup_code_sha256')
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw setupDone();
      const user = { id: newId('usr', tx.now), username: request.username, administrator: true };
      await insertUser(tx, {
        id: user.id,
        username: user.username,
        display_name: user.username,
        email: null,
        password_hash: passwordHash,
        password_changed_at: tx.now,
        status: 'active',
        created_at: tx.now,
      });
      await addGroupMember(tx, SYSADMINS.id, { userId: user.id });
      const object = { siteId: null, objectKind: 'user', objectId: user.id };
      const change = { username: user.username };
      await recordAnonymous(tx, caller, user.id, { ...object, action: 'user.first-administrator', change });
      return { user, ...(await openSession(tx, user.id, caller)) };
    });
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw taken('username_taken', 'username', `The login name "${request.username}" is taken.`);
  }
}

/**
 * Signs in with a password: a session, or the question for a second factor.
 * @throws AppError "too_many_tries"; "wrong_credentials", the same for a wrong name and a wrong password
 */
export async function signIn(deps: AppDeps, caller: AnonymousCaller, request: SignInRequest): Promise<SignInOutcome> {
  const { store } = deps;
  const found = new Violations();
  found.check('username', request.username === '' ? 'is required' : lineFault(request.username, 255));
  if (request.password === '') found.check('password', 'is required');
  found.refuse();
  const { username, password } = request;
  const verdict = await verifyLogin(deps, { username, password, ...caller });
  if (verdict.kind === 'slowed') throw tooManyTries(verdict.retryAfterMs);
  if (verdict.kind === 'wrong') throw wrongCredentials();
  const entrant = { id: verdict.user.id, username, how: { by: 'password' } };
  return store.transaction((tx) => openOrAsk(deps, tx, entrant, caller));
}

/** Ends the caller's session. */
export async function signOut({ store }: AppDeps, caller: Caller): Promise<void> {
  await store.transaction(async (tx) => {
    await deleteSession(tx, caller.userId, caller.sessionId);
    const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
    await record(tx, caller, { ...object, action: 'session.close' });
  });
}

function setupDone(): AppError {
  return new AppError('failed_precondition', { reason: 'setup_done', message: 'There is an administrator already.' });
}

function codeWrong(): AppError {
  const message = 'This is not the setup code; the newest one is in the log and the setup file.';
  return new AppError('permission_denied', {
    reason: 'setup_code_wrong',
    message,
    violations: [{ field: 'setup_code', description: message }],
  });
}

function wrongCredentials(): AppError {
  return new AppError('unauthenticated', {
    reason: 'wrong_credentials',
    message: 'The login name or the password is wrong.',
  });
}
