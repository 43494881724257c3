import type { RegisterRequest } from '@berth/proto/api/v1/sign_up_pb.js';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { admit } from '../../auth/rate-limits.ts';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { mailAvailable } from '../../mail/mail-settings.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { alreadyKnownMail, verificationMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import { countLinks, createLink, LINK_MS } from '../../store/mail-links.ts';
import type { Tx } from '../../store/store.ts';
import { insertUser, userByEmail, userByUsername } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { displayNameFault, wordsNear } from '../people/person-fields.ts';
import { namingTakenPerson } from '../people/taken.ts';
import { recordAnonymous } from '../record.ts';
import { emailFault, plainEmail } from '../validate/email.ts';
import { newUsernameFault } from '../validate/names.ts';
import { Violations } from '../validate/violations.ts';
import { askedTooOften } from './asked-too-often.ts';
import { linkUrl } from './links.ts';
import type { Registration } from './registration-data.ts';

const HOUR = 3_600_000;
/** Mails to one address that strangers can cause in an hour. */
export const MAILS_AN_HOUR = 3;

/**
 * Asks for an account. Where mail is sent, a link goes to the address and nothing is there before it has been
 * followed: so nobody keeps an address or a login name from its owner by registering with it.
 * @returns whether a mail was sent, whether or not somebody has the address already
 * @throws AppError "registration_closed", "username_taken", "asked_too_often"; without mail "email_taken"
 */
export async function register(deps: AppDeps, caller: AnonymousCaller, request: RegisterRequest): Promise<boolean> {
  const { store } = deps;
  const { username } = request;
  const displayName = request.displayName.normalize('NFC').trim();
  const found = new Violations();
  found.check('username', newUsernameFault(username));
  found.check('display_name', displayNameFault(displayName));
  found.check('email', emailFault(request.email));
  const near = wordsNear({ username, display_name: displayName, email: request.email });
  found.check('password', passwordFault(request.password, near));
  found.refuse();
  if (!(await readInstallation(store.db)).registrationOpen) throw registrationClosed();
  const email = plainEmail(request.email);
  const admission = await admit(store, { account: `register:${email}`, address: caller.address });
  if (!admission.admitted) throw askedTooOften(admission.retryAfterMs);
  const registration = { username, displayName, passwordHash: await hashPassword(request.password) };
  return namingTakenPerson({ username, email, path: '' }, () =>
    store.transaction(async (tx) => {
      if (await userByUsername(tx.db, username)) {
        throw taken('username_taken', 'username', `The login name "${username}" is taken.`);
      }
      const mailed = await mailAvailable(tx.db);
      const userId = mailed ? null : await insertUnverified(tx, registration, email);
      if (mailed) await mailTo(deps, tx, registration, email);
      const object = { siteId: null, objectKind: 'user', objectId: userId ?? '' };
      await recordAnonymous(tx, caller, userId, { ...object, action: 'user.register', change: { username, email } });
      return mailed;
    }),
  );
}

async function mailTo(deps: AppDeps, tx: Tx, registration: Registration, email: string): Promise<void> {
  const { publicUrl: url } = deps;
  const { publicName } = await readInstallation(tx.db);
  const known = await userByEmail(tx.db, email);
  const recent = await countLinks(tx.db, 'email-verification', email, tx.now - HOUR);
  if (recent >= MAILS_AN_HOUR) return;
  const data = JSON.stringify(registration);
  const link = await createLink(tx, { kind: 'email-verification', userId: null, email, data, createdBy: null });
  if (known?.email_verified) {
    await tx.db.updateTable('mail_links').set({ used_at: tx.now }).where('id', '=', link.id).execute();
    await queueMail(tx, { to: email, ...alreadyKnownMail({ publicName, url, username: known.username }) });
    return;
  }
  const letter = verificationMail({ publicName, url, link: linkUrl(url, 'email-verification', link.token) });
  await queueMail(tx, { to: email, ...letter, usefulMs: LINK_MS['email-verification'] });
}

/** Without mail nobody can show an address to be his own, so an administrator looks at it, whatever the settings. */
async function insertUnverified(tx: Tx, registration: Registration, email: string): Promise<string> {
  const { username, displayName: display_name, passwordHash: password_hash } = registration;
  const id = newId('usr', tx.now);
  const times = { password_changed_at: tx.now, created_at: tx.now };
  await insertUser(tx, { id, username, display_name, email, password_hash, status: 'pending', ...times });
  return id;
}

function registrationClosed(): AppError {
  return new AppError('failed_precondition', {
    reason: 'registration_closed',
    message: 'Registration is closed here; ask an administrator for an invitation.',
  });
}
