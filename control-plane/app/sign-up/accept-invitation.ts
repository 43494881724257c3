import type { AcceptInvitationRequest } from '@berth/proto/api/v1/sign_up_pb.js';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { type OpenedSession, openSession } from '../../auth/sessions.ts';
import { newId } from '../../ids.ts';
import { addGroupMember } from '../../store/groups.ts';
import { useLink } from '../../store/mail-links.ts';
import type { Tx } from '../../store/store.ts';
import { insertUser } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { displayNameFault, wordsNear } from '../people/person-fields.ts';
import { namingTakenPerson } from '../people/taken.ts';
import { recordAnonymous } from '../record.ts';
import { newUsernameFault } from '../validate/names.ts';
import { Violations } from '../validate/violations.ts';
import { invitedOf } from './invitation-data.ts';
import { linkTokenFault, linkVoid, workingLink } from './links.ts';
import { takeFromUnverified } from './verify-email.ts';

/**
 * Makes the account that somebody was invited to, and signs him in: by the link he has shown the address to be his,
 * and nobody so new has a second factor. @throws AppError "link_void", "username_taken"
 */
export async function acceptInvitation(
  { store }: AppDeps,
  caller: AnonymousCaller,
  request: AcceptInvitationRequest,
): Promise<OpenedSession & { username: string }> {
  const { username, password, token } = request;
  const display_name = request.displayName.normalize('NFC').trim();
  const found = new Violations();
  found.check('token', linkTokenFault(token));
  found.check('username', newUsernameFault(username));
  found.check('display_name', displayNameFault(display_name));
  found.check('password', passwordFault(password, wordsNear({ username, display_name, email: null })));
  found.refuse();
  const link = await workingLink(store, token, 'invitation');
  found.check('password', passwordFault(password, wordsNear({ username, display_name, email: link.email })));
  found.refuse();
  const password_hash = await hashPassword(password);
  return namingTakenPerson({ username, email: link.email, path: '' }, () =>
    store.transaction(async (tx) => {
      if (!(await useLink(tx, link.id))) throw linkVoid();
      const { email } = link;
      const user = { id: newId('usr', tx.now), username, display_name, email };
      await takeFromUnverified(tx, email);
      const times = { password_changed_at: tx.now, last_sign_in_at: tx.now, created_at: tx.now };
      await insertUser(tx, { ...user, email_verified: 1, password_hash, status: 'active', ...times });
      const groups = await joinGroups(tx, user.id, invitedOf(link).groups);
      const object = { siteId: null, objectKind: 'user', objectId: user.id };
      const change = { username, email, groups, invitation: link.id };
      await recordAnonymous(tx, caller, user.id, { ...object, action: 'user.accept-invitation', change });
      return { username, ...(await openSession(tx, user.id, caller)) };
    }),
  );
}

/** Groups that are gone by now are left out. @returns the names of those joined */
async function joinGroups(tx: Tx, userId: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const groups = await tx.db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where('id', 'in', [...ids])
    .execute();
  for (const { id } of groups) await addGroupMember(tx, id, { userId });
  return groups.map(({ name }) => name);
}
