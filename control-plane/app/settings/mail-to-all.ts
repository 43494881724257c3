import { type SendMailToAllRequest, SendMailToAllRequestSchema } from '@berth/proto/api/v1/settings_pb.js';
import { mailAvailable } from '../../mail/mail-settings.ts';
import { queueMails } from '../../mail/queue-mail.ts';
import { mailToAll } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { record } from '../record.ts';
import { lineFault, textFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { mailNotSetUp } from './mail-not-set-up.ts';

const MAX_SUBJECT = 200;
const MAX_TEXT = 20_000;

/**
 * Sends a mail to everybody who is active and has an address. @returns to how many
 * @throws AppError "mail_not_set_up"
 */
export async function sendMailToAll(deps: AppDeps, caller: Caller, request: SendMailToAllRequest): Promise<number> {
  authorise(caller, 'SettingsService.SendMailToAll');
  const subject = request.subject.trim();
  const text = request.text.replaceAll('\r\n', '\n').trim();
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('subject', subject === '' ? 'is required' : lineFault(subject, MAX_SUBJECT));
  found.check('text', text === '' ? 'is required' : textFault(text, MAX_TEXT));
  found.refuse();
  const call = { caller, schema: SendMailToAllRequestSchema, request };
  const { outcome } = await createOnce(deps.store, call, async (tx) => {
    const recipients = await queueToAll(tx, { subject, text, url: deps.publicUrl });
    await record(tx, caller, {
      action: 'mail.to-all',
      siteId: null,
      objectKind: 'settings',
      objectId: 'settings',
      change: { subject, recipients },
    });
    return { recipients: String(recipients) };
  });
  return Number(outcome.recipients);
}

async function queueToAll(tx: Tx, letter: { subject: string; text: string; url: string }): Promise<number> {
  if (!(await mailAvailable(tx.db))) throw mailNotSetUp();
  const people = await tx.db
    .selectFrom('users')
    .select(['username', 'email'])
    .where('status', '=', 'active')
    .where('email', 'is not', null)
    .$narrowType<{ email: string }>()
    .execute();
  const { publicName } = await readInstallation(tx.db);
  const mails = people.map(({ username, email }) => ({ to: email, ...mailToAll({ publicName, username, ...letter }) }));
  return (await queueMails(tx, mails)).length;
}
