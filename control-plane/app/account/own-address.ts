/** One's own address for mail: another one is known to be one's own only when a link to it has been followed. */
import { AppError } from '../../errors.ts';
import { mailAvailable } from '../../mail/mail-settings.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { addressChangedMail, verificationMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import { countLinks, countLinksBy, createLink, LINK_MS, voidLinksOf } from '../../store/mail-links.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { mailNotSetUp } from '../settings/mail-not-set-up.ts';
import { askedTooOften } from '../sign-up/asked-too-often.ts';
import { linkUrl } from '../sign-up/links.ts';
import { MAILS_AN_HOUR } from '../sign-up/register.ts';

const HOUR = 3_600_000;
/** So that nobody has us write to a list of strangers by moving from address to address. */
const LINKS_AN_HOUR = 6;

/**
 * Sends the caller a link by which he shows that his address is his.
 * @throws AppError "mail_not_set_up", "nothing_to_verify", "asked_too_often"
 */
export async function sendEmailVerification(deps: AppDeps, caller: Caller): Promise<void> {
  authorise(caller, 'AccountService.SendEmailVerification');
  await deps.store.transaction(async (tx) => {
    const user = await findUser(tx.db, caller.userId, 'user');
    if (!user.email || user.email_verified) throw nothingToVerify();
    if (!(await mailAvailable(tx.db))) throw mailNotSetUp();
    await mailLink(deps, tx, user, user.email);
    const object = { siteId: null, objectKind: 'user', objectId: user.id };
    await record(tx, caller, { ...object, action: 'user.ask-verification', change: { email: user.email } });
  });
}

/**
 * Follows a change of somebody's own address: a link goes to the new one, and word of it to the former.
 * @returns whether a link was sent @throws AppError "asked_too_often"
 */
export async function addressMoved(
  deps: AppDeps,
  tx: Tx,
  before: Row<'users'>,
  email: string | null,
): Promise<boolean> {
  const { username } = before;
  if (before.email && before.email_verified) {
    const { publicName } = await readInstallation(tx.db);
    await queueMail(tx, { to: before.email, ...addressChangedMail({ publicName, url: deps.publicUrl, username }) });
  }
  if (!email || !(await mailAvailable(tx.db))) return false;
  await mailLink(deps, tx, before, email);
  return true;
}

async function mailLink({ publicUrl: url }: AppDeps, tx: Tx, { id }: Row<'users'>, email: string): Promise<void> {
  const kind = 'email-verification';
  const since = tx.now - HOUR;
  const tooOften =
    (await countLinks(tx.db, kind, email, since)) >= MAILS_AN_HOUR ||
    (await countLinksBy(tx.db, kind, id, since)) >= LINKS_AN_HOUR;
  if (tooOften) throw askedTooOften(HOUR);
  await voidLinksOf(tx, kind, id);
  const { token } = await createLink(tx, { kind, userId: id, email, data: '{}', createdBy: id });
  const { publicName } = await readInstallation(tx.db);
  const letter = verificationMail({ publicName, url, link: linkUrl(url, kind, token) });
  await queueMail(tx, { to: email, ...letter, usefulMs: LINK_MS[kind] });
}

function nothingToVerify(): AppError {
  return new AppError('failed_precondition', {
    reason: 'nothing_to_verify',
    message: 'You have no address, or it is known to be yours already.',
  });
}
