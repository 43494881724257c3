import type { ChangePasswordRequest, UpdateProfileRequest } from '@berth/proto/api/v1/account_pb.js';
import { PersonSchema } from '@berth/proto/api/v1/people_pb.js';
import { create } from '@bufbuild/protobuf';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { verifyLogin } from '../../auth/verify-login.ts';
import { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { endSessions } from '../../store/sessions.ts';
import type { Db } from '../../store/store.ts';
import { setPasswordHash, updateUser } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { checkPerson, columnsOfPerson, fieldsOfPerson, PROFILE_PATHS, wordsNear } from '../people/person-fields.ts';
import { type PersonView, personView } from '../people/read-people.ts';
import { namingTakenPerson } from '../people/taken.ts';
import { difference, record } from '../record.ts';
import { requireProof } from '../security/proof.ts';
import { tooManyTries } from '../sign-in/too-many-tries.ts';
import { plainEmail } from '../validate/email.ts';
import { maskPaths } from '../validate/masks.ts';
import { Violations } from '../validate/violations.ts';
import { addressMoved } from './own-address.ts';

/** Reads the caller as a person. */
export async function getProfile({ store }: AppDeps, caller: Caller): Promise<PersonView> {
  authorise(caller, 'AccountService.GetProfile');
  return personView(store.db, await own(store.db, caller));
}

/**
 * Changes the caller. Another address wants the password, for whoever reads its mail can set a new one.
 * @throws AppError "wrong_password", "too_many_tries", "reauthentication_required", "email_taken"
 */
export async function updateProfile(
  deps: AppDeps,
  caller: Caller,
  request: UpdateProfileRequest,
): Promise<{ verificationSent: boolean }> {
  authorise(caller, 'AccountService.UpdateProfile');
  const { store } = deps;
  const fields = fieldsOfPerson(request.user ?? create(PersonSchema));
  const found = new Violations();
  const paths = maskPaths(request.updateMask, PROFILE_PATHS, found);
  checkPerson(fields, paths, found);
  found.refuse();
  const before = await own(store.db, caller);
  const moves = paths.has('email') && plainEmail(fields.email) !== (before.email ?? '');
  if (moves) await requirePassword(deps, caller, before, request.currentPassword);
  const { email, email_verified: _, ...rest } = columnsOfPerson(fields, paths);
  const change = moves ? { ...rest, email: email ?? null, email_verified: 0 } : rest;
  return namingTakenPerson(fields, () =>
    store.transaction(async (tx) => {
      await updateUser(tx, caller.userId, change);
      const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
      const shown = { ...rest, ...(moves && { email }) };
      await record(tx, caller, { ...object, action: 'user.update-profile', change: difference(before, shown) });
      return { verificationSent: moves && (await addressMoved(deps, tx, before, email ?? null)) };
    }),
  );
}

/**
 * Changes the caller's password and ends his other sessions.
 * @throws AppError "wrong_password", "too_many_tries", "reauthentication_required"
 */
export async function changePassword(deps: AppDeps, caller: Caller, request: ChangePasswordRequest): Promise<void> {
  authorise(caller, 'AccountService.ChangePassword');
  const { store } = deps;
  const before = await own(store.db, caller);
  const found = new Violations();
  found.check('new_password', passwordFault(request.newPassword, wordsNear(before)));
  if (request.newPassword === request.currentPassword) found.check('new_password', 'is the present one');
  found.refuse();
  await requirePassword(deps, caller, before, request.currentPassword);
  const hash = await hashPassword(request.newPassword);
  await store.transaction(async (tx) => {
    await setPasswordHash(tx, caller.userId, hash);
    await endSessions(tx, caller.userId, caller.sessionId);
    const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
    await record(tx, caller, { ...object, action: 'user.change-password' });
  });
}

function own(db: Db, caller: Caller): Promise<Row<'users'>> {
  return findUser(db, caller.userId, 'user');
}

/** Wants the caller's password or, where there is none, that he has just proved otherwise who he is. */
async function requirePassword(deps: AppDeps, caller: Caller, user: Row<'users'>, password: string): Promise<void> {
  if (user.password_hash === '') return requireProof(deps.store.db, caller, deps.clock.now());
  if (password === '') throw wrongPassword('Your present password is wanted for this.');
  const verdict = await verifyLogin(deps, { ...caller, password });
  if (verdict.kind === 'slowed') throw tooManyTries(verdict.retryAfterMs);
  if (verdict.kind === 'wrong') throw wrongPassword('This is not your present password.');
}

function wrongPassword(message: string): AppError {
  const violations = [{ field: 'current_password', description: message }];
  return new AppError('permission_denied', { reason: 'wrong_password', message, violations });
}
