import {
  PersonSchema,
  type SetUserPasswordRequest,
  type UpdateUserRequest,
  UserStatus,
} from '@berth/proto/api/v1/people_pb.js';
import { create } from '@bufbuild/protobuf';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { invalid } from '../../errors.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { approvedMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import type { Row } from '../../store/schema.ts';
import { endAllAccess, endSessions } from '../../store/sessions.ts';
import type { Tx } from '../../store/store.ts';
import { setPasswordHash, updateUser } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { difference, record } from '../record.ts';
import { takeFromUnverified } from '../sign-up/verify-email.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { keepAdministrators } from './last-administrator.ts';
import { checkPerson, columnsOfPerson, fieldsOfPerson, PERSON_PATHS, wordsNear } from './person-fields.ts';
import { namingTakenPerson } from './taken.ts';

/**
 * Changes the fields the mask names. Whoever is not active any more is signed out at once, everywhere.
 * @returns the identifier @throws AppError "email_taken", "last_administrator"
 */
export async function updateUserVerb(deps: AppDeps, caller: Caller, request: UpdateUserRequest): Promise<string> {
  authorise(caller, 'UsersService.UpdateUser');
  const asked = request.user ?? create(PersonSchema);
  const fields = fieldsOfPerson(asked);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, PERSON_PATHS, found);
  const reference = asked.id || asked.username;
  found.check('user.id', referenceFault(reference));
  checkPerson(fields, paths, found);
  if (paths.has('status') && ![UserStatus.ACTIVE, UserStatus.SUSPENDED].includes(asked.status)) {
    found.check('user.status', 'must be active or suspended');
  }
  found.refuse();
  const change = columnsOfPerson(fields, paths);
  return namingTakenPerson(fields, () =>
    deps.store.transaction(async (tx) => {
      const user = await findUser(tx.db, reference, 'user.id');
      if (change.email && change.email !== user.email) await takeFromUnverified(tx, change.email);
      await updateUser(tx, user.id, change);
      if (change.status && change.status !== 'active') await endAllAccess(tx, user.id);
      if (change.status) await keepAdministrators(tx);
      if (user.status === 'pending' && change.status === 'active') await tellApproved(deps, tx, { ...user, ...change });
      const { email_verified: _, ...shown } = change;
      const object = { siteId: null, objectKind: 'user', objectId: user.id };
      await record(tx, caller, { ...object, action: 'user.update', change: difference(user, shown) });
      return user.id;
    }),
  );
}

/** Tells somebody who has waited for it that he may come in now. */
async function tellApproved({ publicUrl: url }: AppDeps, tx: Tx, user: Row<'users'>): Promise<void> {
  if (!user.email || !user.email_verified) return;
  const { publicName } = await readInstallation(tx.db);
  await queueMail(tx, { to: user.email, ...approvedMail({ publicName, url, username: user.username }) });
}

/** Gives a person another password, or none, and ends his sessions. @throws AppError "last_administrator" */
export async function setUserPassword({ store }: AppDeps, caller: Caller, request: SetUserPasswordRequest) {
  authorise(caller, 'UsersService.SetUserPassword');
  const user = await findUser(store.db, request.user, 'user');
  const fault = request.password === '' ? undefined : passwordFault(request.password, wordsNear(user));
  if (fault) throw invalid([{ field: 'password', description: fault }]);
  const hash = request.password === '' ? '' : await hashPassword(request.password);
  await store.transaction(async (tx) => {
    const { id } = await findUser(tx.db, user.id, 'user');
    await setPasswordHash(tx, id, hash);
    await endSessions(tx, id, caller.userId === id ? caller.sessionId : '');
    if (hash === '') await keepAdministrators(tx);
    const object = { siteId: null, objectKind: 'user', objectId: id };
    await record(tx, caller, { ...object, action: hash ? 'user.set-password' : 'user.clear-password' });
  });
}
