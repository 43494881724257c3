import type { RequestPasswordResetRequest, ResetPasswordRequest } from '@berth/proto/api/v1/sign_up_pb.js';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { hashPassword, passwordFault } from '../../auth/password.ts';
import { admit } from '../../auth/rate-limits.ts';
import { AppError, invalid } from '../../errors.ts';
import { mailAvailable } from '../../mail/mail-settings.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { passwordChangedMail, passwordResetMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import { countLinks, createLink, LINK_MS, useLink, voidLinksOf } from '../../store/mail-links.ts';
import type { Row } from '../../store/schema.ts';
import { endSessions } from '../../store/sessions.ts';
import type { Tx } from '../../store/store.ts';
import { setPasswordHash, userByEmail, userById, userByUsername } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { wordsNear } from '../people/person-fields.ts';
import { recordAnonymous } from '../record.ts';
import { mailNotSetUp } from '../settings/mail-not-set-up.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { askedTooOften } from './asked-too-often.ts';
import { linkTokenFault, linkUrl, linkVoid, workingLink } from './links.ts';
import { MAILS_AN_HOUR } from './register.ts';

const HOUR = 3_600_000;
/** Every answer takes at least this long, in milliseconds: far longer than the work, which differs. */
const EVEN_MS = 400;

/**
 * Asks for a link for a new password. Answer and time tell nothing of whether anybody is known by the name. The link
 * goes to an address that is known to be the person's: one that he only typed may be a stranger's.
 * @throws AppError "mail_not_set_up", "asked_too_often"
 */
export async function requestPasswordReset(
  deps: AppDeps,
  caller: AnonymousCaller,
  request: RequestPasswordResetRequest,
): Promise<void> {
  const { store, clock } = deps;
  const login = request.login.trim();
  const fault = login === '' ? 'is required' : lineFault(login, 254);
  if (fault) throw invalid([{ field: 'login', description: fault }]);
  if (!(await mailAvailable(store.db))) throw mailNotSetUp();
  const admission = await admit(store, { account: `reset:${login.toLowerCase()}`, address: caller.address });
  if (!admission.admitted) throw askedTooOften(admission.retryAfterMs);
  await evenly(clock, () => store.transaction((tx) => mailLink(deps, tx, caller, login)));
}

async function mailLink({ publicUrl: url }: AppDeps, tx: Tx, caller: AnonymousCaller, login: string): Promise<void> {
  const user = (await userByUsername(tx.db, login)) ?? (await userByEmail(tx.db, login.toLowerCase()));
  const reachable = user?.status === 'active' && user.email_verified === 1;
  // A name that nobody has may be a password typed into the wrong field.
  const change = user ? { username: user.username, mailed: reachable } : { unknown: true };
  const object = { siteId: null, objectKind: 'user', objectId: user?.id ?? '' };
  await recordAnonymous(tx, caller, user?.id ?? null, { ...object, action: 'user.ask-password-reset', change });
  if (!user?.email || !reachable) return;
  const { email, username } = user;
  if ((await countLinks(tx.db, 'password-reset', email, tx.now - HOUR)) >= MAILS_AN_HOUR) return;
  const link = await createLink(tx, { kind: 'password-reset', userId: user.id, email, data: '{}', createdBy: null });
  const { publicName } = await readInstallation(tx.db);
  const letter = passwordResetMail({ publicName, url, username, link: linkUrl(url, 'password-reset', link.token) });
  await queueMail(tx, { to: email, ...letter, usefulMs: LINK_MS['password-reset'] });
}

/**
 * Sets a new password by a link, and ends every session of its person. @returns his login name
 * @throws AppError "link_void", "account_not_active"
 */
export async function resetPassword(
  deps: AppDeps,
  caller: AnonymousCaller,
  { token, password }: ResetPasswordRequest,
): Promise<string> {
  const { store } = deps;
  const found = new Violations();
  found.check('token', linkTokenFault(token));
  found.check('password', passwordFault(password));
  found.refuse();
  const link = await workingLink(store, token, 'password-reset');
  const before = activeUser(await userById(store.db, link.user_id ?? ''));
  found.check('password', passwordFault(password, wordsNear(before)));
  found.refuse();
  const hash = await hashPassword(password);
  return store.transaction(async (tx) => {
    if (!(await useLink(tx, link.id))) throw linkVoid();
    const user = activeUser(await userById(tx.db, before.id));
    if (link.email !== '' && user.email !== link.email) throw linkVoid();
    await setPasswordHash(tx, user.id, hash);
    await endSessions(tx, user.id);
    await voidLinksOf(tx, 'password-reset', user.id);
    const { publicName } = await readInstallation(tx.db);
    const { username } = user;
    if (user.email && user.email_verified) {
      await queueMail(tx, { to: user.email, ...passwordChangedMail({ publicName, url: deps.publicUrl, username }) });
    }
    const object = { siteId: null, objectKind: 'user', objectId: user.id };
    await recordAnonymous(tx, caller, user.id, { ...object, action: 'user.reset-password', change: { username } });
    return username;
  });
}

/** An active person. @throws AppError "account_not_active" */
export function activeUser(user: Row<'users'> | undefined): Row<'users'> {
  if (user?.status === 'active') return user;
  throw new AppError('failed_precondition', {
    reason: 'account_not_active',
    message: 'This account may not be used at present; an administrator can tell you why.',
  });
}

/** Runs the work in a time that does not tell what it was. */
async function evenly(clock: Clock, work: () => Promise<void>): Promise<void> {
  await Promise.all([delay(clock, EVEN_MS), work()]);
}
