import type { VerifyEmailRequest } from '@berth/proto/api/v1/sign_up_pb.js';
import { newId } from '../../ids.ts';
import { queueMails } from '../../mail/queue-mail.ts';
import { waitsForApprovalMail } from '../../mail/wording.ts';
import { type Installation, readInstallation } from '../../store/installation.ts';
import { useLink } from '../../store/mail-links.ts';
import type { Row } from '../../store/schema.ts';
import { administratorAddresses } from '../../store/standing.ts';
import type { Tx } from '../../store/store.ts';
import { insertUser, updateUser, userByEmail, userById } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { namingTakenPerson } from '../people/taken.ts';
import { recordAnonymous } from '../record.ts';
import { newUsernameFault } from '../validate/names.ts';
import { Violations } from '../validate/violations.ts';
import { linkTokenFault, linkVoid, workingLink } from './links.ts';
import { registrationOf } from './registration-data.ts';

/** Whose address it turned out to be. */
export interface Verified {
  email: string;
  username: string;
  pending: boolean;
}

/**
 * Shows an address to be the caller's own, and makes the account he registered.
 * @throws AppError "link_void", "username_taken" when somebody was quicker: the link then works for another name
 */
export async function verifyEmail(
  deps: AppDeps,
  caller: AnonymousCaller,
  request: VerifyEmailRequest,
): Promise<Verified> {
  const found = new Violations();
  found.check('token', linkTokenFault(request.token));
  if (request.username !== '') found.check('username', newUsernameFault(request.username));
  found.refuse();
  const link = await workingLink(deps.store, request.token, 'email-verification');
  const username = request.username || (link.user_id ? '' : registrationOf(link).username);
  return namingTakenPerson({ username, email: link.email, path: '' }, () =>
    deps.store.transaction(async (tx) => {
      if (!(await useLink(tx, link.id))) throw linkVoid();
      return link.user_id ? verifyOwn(tx, caller, link) : makeRegistered(deps, tx, caller, { link, username });
    }),
  );
}

async function verifyOwn(tx: Tx, caller: AnonymousCaller, link: Row<'mail_links'>): Promise<Verified> {
  const user = await userById(tx.db, link.user_id ?? '');
  if (user?.email !== link.email) throw linkVoid();
  await updateUser(tx, user.id, { email_verified: 1 });
  await note(tx, caller, user, 'user.verify-email');
  return { email: link.email, username: user.username, pending: user.status === 'pending' };
}

async function makeRegistered(
  { publicUrl: url }: AppDeps,
  tx: Tx,
  caller: AnonymousCaller,
  { link, username }: { link: Row<'mail_links'>; username: string },
): Promise<Verified> {
  const { email } = link;
  const { displayName: display_name, passwordHash: password_hash } = registrationOf(link);
  const installation = await readInstallation(tx.db);
  const pending = installation.approvalRequired;
  await takeFromUnverified(tx, email);
  const user = { id: newId('usr', tx.now), username, display_name, email };
  await insertUser(tx, {
    ...user,
    email_verified: 1,
    password_hash,
    password_changed_at: tx.now,
    status: pending ? 'pending' : 'active',
    created_at: tx.now,
  });
  await note(tx, caller, user, 'user.verify-email');
  if (pending) await tellAdministrators(tx, installation, { username, email, url });
  return { email, username, pending };
}

/** Whoever has only claimed an address loses it to whom it belongs. */
export async function takeFromUnverified(tx: Tx, email: string): Promise<void> {
  const holder = await userByEmail(tx.db, email);
  if (holder && !holder.email_verified) await updateUser(tx, holder.id, { email: null });
}

async function tellAdministrators(
  tx: Tx,
  { publicName }: Installation,
  about: { username: string; email: string; url: string },
): Promise<void> {
  const letter = waitsForApprovalMail({ publicName, ...about });
  await queueMails(
    tx,
    (await administratorAddresses(tx.db)).map((to) => ({ to, ...letter })),
  );
}

function note(
  tx: Tx,
  caller: AnonymousCaller,
  user: { id: string; username: string; email: string | null },
  action: string,
) {
  const { id, username, email } = user;
  const object = { siteId: null, objectKind: 'user', objectId: id };
  return recordAnonymous(tx, caller, id, { ...object, action, change: { username, email } });
}
