import { MailSecurity, SettingsService } from '@berth/proto/api/v1/settings_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { type Client, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../../api/testing/api-bench.ts';
import { openLetter } from '../../mail/letter.ts';
import { readMailAccount } from '../../mail/mail-settings.ts';
import type { OutgoingMail } from '../../mail/smtp.ts';

const MAIL = {
  host: 'mail.example',
  security: MailSecurity.TLS,
  username: 'berth',
  password: 'the harbour master',
  senderAddress: 'berth@harbour.example',
};
const MAIL_PATHS = ['host', 'security', 'username', 'password', 'sender_address'].map((path) => `mail.${path}`);

let bench: ApiBench;
let settings: Client<typeof SettingsService>;

async function open(url?: string): Promise<void> {
  bench = await openApiBench(url);
  settings = await bench.client(SettingsService, bench.site.administrator);
}
const setUpMail = () => settings.updateSettings({ settings: { mail: MAIL }, updateMask: { paths: MAIL_PATHS } });
const audit = () => bench.store.db.selectFrom('audit').selectAll().orderBy('id').execute();

describe('settings', () => {
  beforeEach(() => open());
  afterEach(() => bench.close());

  it('are closed at first, and change only where the mask says so', async () => {
    const { settings: first } = await settings.getSettings({});
    expect(first).toMatchObject({ publicName: 'Berth', registrationOpen: false, approvalRequired: true });
    await setUpMail();
    const answer = await settings.updateSettings({
      settings: { publicName: 'Harbour' },
      updateMask: { paths: ['public_name'] },
    });
    expect(answer.settings).toMatchObject({ publicName: 'Harbour', approvalRequired: true });
    expect(answer.settings?.mail).toMatchObject({ host: 'mail.example', username: 'berth', passwordSet: true });
    const stranger = await bench.client(SettingsService);
    expect((await stranger.getPublicSettings({})).settings).toMatchObject({
      publicName: 'Harbour',
      registrationOpen: false,
      mailAvailable: true,
    });
  });

  it('never tell the password: not in an answer, not in the audit, not in the database', async () => {
    const answer = await setUpMail();
    expect(answer.settings?.mail?.password).toBe('');
    expect((await readMailAccount(bench.store))?.password).toBe(MAIL.password);
    const rows = await bench.store.db.selectFrom('settings').selectAll().execute();
    const everything = JSON.stringify([rows.map((row) => [row.value, Buffer.from(row.secret_box ?? []).toString()])]);
    expect(everything).not.toContain(MAIL.password);
    const change = JSON.parse((await audit()).at(-1)?.change_json ?? '');
    expect(change).toMatchObject({ 'mail.host': { from: '', to: 'mail.example' }, 'mail.password': 'set' });
    expect(JSON.stringify(change)).not.toContain(MAIL.password);
  });

  it('do not send the password of one mail server to another', async () => {
    await setUpMail();
    const moving = { settings: { mail: { host: 'evil.example' } }, updateMask: { paths: ['mail.host'] } };
    await expect(settings.updateSettings(moving)).rejects.toThrow(/must be given anew/);
    await settings.updateSettings({
      settings: { mail: { host: 'other.example', password: '' } },
      updateMask: { paths: ['mail.host', 'mail.password'] },
    });
    expect(await readMailAccount(bench.store)).toMatchObject({ host: 'other.example', password: '' });
  });

  it('send a test mail and tell what the server said', async () => {
    const sent: OutgoingMail[] = [];
    await expect(settings.sendTestMail({ recipient: 'ada@example.org' })).rejects.toThrow(/No mail server is set up/);
    await setUpMail();
    bench.deps.sendMail = async (_account, mail) => {
      sent.push(mail);
      return sent.length === 1
        ? { kind: 'sent', answer: '250 2.0.0 taken' }
        : { kind: 'unreachable', words: '535 5.7.8 who are you' };
    };
    expect((await settings.sendTestMail({ recipient: 'ada@example.org' })).answer).toBe('250 2.0.0 taken');
    expect(sent[0]).toMatchObject({ recipient: 'ada@example.org', subject: 'Mail from Berth works' });
    const failing = settings.sendTestMail({ recipient: 'ada@example.org' });
    expect(ConnectError.from(await failing.catch((error: unknown) => error)).rawMessage).toBe('535 5.7.8 who are you');
  });

  it('send a mail to everybody who is active and has an address, once', async () => {
    await setUpMail();
    const people = [bench.site.owner, bench.site.stranger, bench.site.administrator];
    for (const [i, { userId }] of people.entries()) {
      const change = { email: `p${i}@example.org`, status: i === 1 ? ('suspended' as const) : ('active' as const) };
      await bench.store.db.updateTable('users').set(change).where('id', '=', userId).execute();
    }
    const request = { subject: 'Closed on Sunday', text: 'All\r\nday.', idempotencyKey: 'once' };
    expect((await settings.sendMailToAll(request)).recipients).toBe(2);
    expect((await settings.sendMailToAll(request)).recipients).toBe(2);
    const rows = await bench.store.db.selectFrom('outgoing_mails').selectAll().orderBy('recipient').execute();
    expect(rows.map(({ recipient }) => recipient)).toEqual(['p0@example.org', 'p2@example.org']);
    const [first] = rows;
    const text = first && openLetter(bench.store.secrets, first.id, first.body_box).text;
    expect(text).toContain('All\nday.\n\nYou get this as you have the account olga at Berth.');
  });
});

describeEachDialect('settings', (database) => {
  beforeEach(async () => open((await database()).url));
  afterEach(() => bench.close());

  it('changed by two at once keep both changes, the first ones too', async () => {
    const one = { settings: { publicName: 'Harbour' }, updateMask: { paths: ['public_name'] } };
    const other = { settings: { registrationOpen: true }, updateMask: { paths: ['registration_open'] } };
    await Promise.all([settings.updateSettings(one), settings.updateSettings(other), setUpMail()]);
    const { settings: now } = await settings.getSettings({});
    expect(now).toMatchObject({ publicName: 'Harbour', registrationOpen: true, mail: { host: 'mail.example' } });
  });
});
