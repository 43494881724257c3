import type { SendTestMailRequest } from '@berth/proto/api/v1/settings_pb.js';
import { AppError, invalid } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { readMailAccount } from '../../mail/mail-settings.ts';
import { testMail } from '../../mail/wording.ts';
import { readInstallation } from '../../store/installation.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { record } from '../record.ts';
import { emailFault } from '../validate/email.ts';
import { mailNotSetUp } from './mail-not-set-up.ts';

/** How long the mail server may take, in milliseconds: somebody is waiting for the answer. */
const PATIENCE_MS = 30_000;

/**
 * Sends a mail now. @returns what the mail server said
 * @throws AppError "mail_not_set_up", "mail_not_sent" with the mail server's own words
 */
export async function sendTestMail(deps: AppDeps, caller: Caller, { recipient }: SendTestMailRequest): Promise<string> {
  authorise(caller, 'SettingsService.SendTestMail');
  const fault = emailFault(recipient);
  if (fault) throw invalid([{ field: 'recipient', description: fault }]);
  const { store, clock } = deps;
  const account = await readMailAccount(store);
  if (!account) throw mailNotSetUp();
  const { publicName } = await readInstallation(store.db);
  const mail = testMail({ publicName, url: deps.publicUrl, by: caller.username });
  const late = new AbortController();
  const cancel = clock.after(PATIENCE_MS, () => late.abort(new Error('The mail server took too long.')));
  const messageId = `<${newId('mil', clock.now())}@${account.senderAddress.split('@').at(-1)}>`;
  const delivery = await deps.sendMail(account, { recipient, senderName: publicName, messageId, ...mail }, late.signal);
  cancel();
  await store.transaction((tx) =>
    record(tx, caller, {
      action: 'settings.test-mail',
      siteId: null,
      objectKind: 'settings',
      objectId: 'settings',
      change: { recipient, outcome: delivery.kind },
    }),
  );
  if (delivery.kind === 'sent') return delivery.answer;
  throw new AppError('failed_precondition', { reason: 'mail_not_sent', message: delivery.words });
}
