/** What the access matrix asks about settings, mail and coming in; see sample-requests.table.ts. */
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { lockMailSettings, writeMailSettings } from '@berth/control-plane/mail/mail-settings.ts';
import { lockInstallation, writeInstallation } from '@berth/control-plane/store/installation.ts';
import { createLink, type NewLink } from '@berth/control-plane/store/mail-links.ts';
import { PASSWORD } from './people.ts';
import type { Sample } from './sample-requests.table.ts';
import type { World } from './world.ts';

/** Names a mail server, without which there is no mail. */
export const withMail = async ({ bench }: World): Promise<Record<string, string>> => {
  await bench.store.transaction(async (tx) => {
    const server = { host: 'mail.example', senderAddress: 'berth@harbour.example' };
    await writeMailSettings(tx, { ...(await lockMailSettings(tx)), ...server });
  });
  return {};
};

const withRegistration = async ({ bench }: World): Promise<Record<string, string>> => {
  await bench.store.transaction(async (tx) =>
    writeInstallation(tx, { ...(await lockInstallation(tx)), registrationOpen: true }),
  );
  return {};
};

/** Makes a link, for its token and its identifier. */
const withLink = (kind: NewLink['kind'], data: object) => async (world: World) => {
  const userId = kind === 'password-reset' ? (world.identifiers.get('sam') ?? null) : null;
  const { id, token } = await world.bench.store.transaction((tx) =>
    createLink(tx, { kind, userId, email: '', data: JSON.stringify(data), createdBy: null }),
  );
  return { link: token, invitation: id };
};
const withInvitation = withLink('invitation', { username: '', displayName: '', groups: [], mailId: '' });

/** Lets time pass while the call is under way: its answer takes a while whatever it is, and the clock stands still. */
const withTimePassing = async (world: World) => {
  const pass = async () => {
    for (let turn = 0; turn < 2_000; turn += 1) await world.bench.clock.advance(10);
  };
  void pass();
  return withMail(world);
};

type MailRpc = Extract<Rpc, `SettingsService.${string}` | `SignUpService.${string}`>;

/** The rows of these RPCs. */
export const mailSamples: Partial<Record<MailRpc, Sample>> = {
  // The mail server of a test in one process is none.
  'SettingsService.SendTestMail': { prepare: withMail, reason: 'mail_not_sent' },
  'SettingsService.SendMailToAll': { prepare: withMail },
  'SignUpService.Register': { prepare: withRegistration },
  'SignUpService.VerifyEmail': {
    request: { token: '<link>' },
    prepare: withLink('email-verification', { username: 'newcomer', displayName: '', passwordHash: '' }),
  },
  'SignUpService.InspectLink': {
    request: { token: '<link>' },
    prepare: withInvitation,
    audit: { rows: 0, because: 'it only reads' },
  },
  'SignUpService.RequestPasswordReset': { prepare: withTimePassing },
  'SignUpService.ResetPassword': {
    request: { token: '<link>', password: `another ${PASSWORD}` },
    prepare: withLink('password-reset', {}),
  },
  'SignUpService.ResendInvitation': { request: { invitation: '<invitation>' }, prepare: withInvitation },
  'SignUpService.DeleteInvitation': { request: { invitation: '<invitation>' }, prepare: withInvitation },
  'SignUpService.AcceptInvitation': {
    request: { token: '<link>', username: 'newcomer', password: PASSWORD },
    prepare: withInvitation,
  },
};
