import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { MailDelivery, SignUpService } from '@berth/proto/api/v1/sign_up_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { type Client, ConnectError, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../../api/testing/api-bench.ts';
import { openLetter } from '../../mail/letter.ts';
import { lockMailSettings, writeMailSettings } from '../../mail/mail-settings.ts';
import { lockInstallation, writeInstallation } from '../../store/installation.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PASSWORD = 'six gulls over the breakwater';

let bench: ApiBench;
let stranger: Client<typeof SignUpService>;
let administrator: Client<typeof SignUpService>;

async function open({ url, mail = true }: { url?: string; mail?: boolean } = {}): Promise<void> {
  bench = await openApiBench(url);
  stranger = await bench.client(SignUpService);
  administrator = await bench.client(SignUpService, bench.site.administrator);
  await bench.store.transaction(async (tx) => {
    await writeInstallation(tx, { ...(await lockInstallation(tx)), registrationOpen: true });
    if (!mail) return;
    const server = { host: 'mail.example', senderAddress: 'berth@harbour.example' };
    await writeMailSettings(tx, { ...(await lockMailSettings(tx)), ...server });
  });
  await giveAddress(bench.site.administrator.userId, 'ada@harbour.example');
}

/** The mails that are waiting, the oldest first. */
async function mails(): Promise<{ to: string; subject: string; text: string }[]> {
  const rows = await bench.store.db.selectFrom('outgoing_mails').selectAll().orderBy('id').execute();
  return rows.map(({ id, recipient: to, subject, body_box }) => ({
    to,
    subject,
    text: openLetter(bench.store.secrets, id, body_box).text,
  }));
}
const subjectsTo = async (address: string) =>
  (await mails()).filter(({ to }) => to === address).map(({ subject }) => subject);
/** The token in the last mail to somebody. */
async function mailedToken(to: string): Promise<string> {
  const last = (await mails()).filter((mail) => mail.to === to).at(-1);
  return /\/(bml_[\w-]{43})\n/.exec(last?.text ?? '')?.[1] ?? '';
}
const giveAddress = (id: string, email: string, email_verified = 1) =>
  bench.store.db.updateTable('users').set({ email, email_verified }).where('id', '=', id).execute();
const userNamed = (username: string) =>
  bench.store.db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return ConnectError.from(error).findDetails(ErrorDetailSchema)[0]?.reason ?? 'unknown';
  }
}
/** Asks for a link, letting the time pass that every answer takes. */
async function askReset(login: string): Promise<void> {
  let done = false;
  const asked = stranger.requestPasswordReset({ login }).finally(() => {
    done = true;
  });
  while (!done) await bench.clock.advance(50);
  await asked;
}
const newcomer = { username: 'nora', displayName: 'Nora', email: 'Nora@Harbour.example', password: PASSWORD };

describe('registration', () => {
  beforeEach(() => open());
  afterEach(() => bench.close());

  it('makes nobody before the address is shown to be his, then one who waits, and tells the administrators', async () => {
    expect(await stranger.register(newcomer)).toMatchObject({ mailSent: true });
    expect(await userNamed('nora')).toBeUndefined();
    const token = await mailedToken('nora@harbour.example');
    expect(await stranger.inspectLink({ token })).toMatchObject({ username: 'nora', email: 'nora@harbour.example' });
    expect(await stranger.verifyEmail({ token })).toMatchObject({ username: 'nora', pending: true });
    expect(await userNamed('nora')).toMatchObject({ status: 'pending', email_verified: 1 });
    expect(await subjectsTo('ada@harbour.example')).toEqual(['nora asks for an account at Berth']);
    expect(await reasonOf(stranger.verifyEmail({ token }))).toBe('link_void');
  });

  it('lets in at once where no approval is asked for', async () => {
    await bench.store.transaction(async (tx) =>
      writeInstallation(tx, { ...(await lockInstallation(tx)), approvalRequired: false }),
    );
    await stranger.register(newcomer);
    await stranger.verifyEmail({ token: await mailedToken('nora@harbour.example') });
    const auth = await bench.client(AuthService);
    expect((await auth.signIn({ username: 'nora', password: PASSWORD })).user?.username).toBe('nora');
  });

  it('does not tell whether an address is known, but its owner', async () => {
    await giveAddress(bench.site.owner.userId, 'nora@harbour.example');
    expect(await stranger.register(newcomer)).toMatchObject({ mailSent: true });
    const [mail] = await mails();
    expect(mail).toMatchObject({ to: 'nora@harbour.example', subject: 'You have an account at Berth already' });
    expect(mail?.text).not.toMatch(/bml_/);
  });

  it('gives an address to whom it belongs, not to who claimed it first', async () => {
    await giveAddress(bench.site.stranger.userId, 'nora@harbour.example', 0);
    await stranger.register(newcomer);
    await stranger.verifyEmail({ token: await mailedToken('nora@harbour.example') });
    expect((await userNamed('nora'))?.email).toBe('nora@harbour.example');
    expect((await userNamed('sam'))?.email).toBeNull();
  });

  it('lets another name be chosen when somebody was quicker', async () => {
    await stranger.register(newcomer);
    const token = await mailedToken('nora@harbour.example');
    await bench.store.db.updateTable('users').set({ username: 'nora' }).where('username', '=', 'sam').execute();
    expect(await reasonOf(stranger.verifyEmail({ token }))).toBe('username_taken');
    expect(await stranger.verifyEmail({ token, username: 'nora2' })).toMatchObject({ username: 'nora2' });
  });

  it('says nothing of a stranger in a mail to an address that is not known to be his', async () => {
    await stranger.register({ ...newcomer, displayName: 'You won, see evil.example' });
    expect((await mails())[0]?.text).not.toMatch(/evil|nora/i);
  });

  it('writes no more than a few mails to one address', async () => {
    for (let i = 0; i < 5; i++) await stranger.register({ ...newcomer, username: `nora${i}` });
    expect(await mails()).toHaveLength(3);
    expect(await reasonOf(stranger.register(newcomer))).toBe('asked_too_often');
  });

  it('is refused while it is closed', async () => {
    await bench.store.transaction(async (tx) =>
      writeInstallation(tx, { ...(await lockInstallation(tx)), registrationOpen: false }),
    );
    expect(await reasonOf(stranger.register(newcomer))).toBe('registration_closed');
  });

  it('without mail leaves it to an administrator, whatever the settings', async () => {
    await bench.close();
    await open({ mail: false });
    await bench.store.transaction(async (tx) =>
      writeInstallation(tx, { ...(await lockInstallation(tx)), approvalRequired: false }),
    );
    expect(await stranger.register(newcomer)).toMatchObject({ mailSent: false });
    expect(await userNamed('nora')).toMatchObject({ status: 'pending', email_verified: 0 });
  });
});

describe('a forgotten password', () => {
  beforeEach(async () => {
    await open();
    await giveAddress(bench.site.owner.userId, 'olga@harbour.example');
  });
  afterEach(() => bench.close());

  it('is set anew by a link, which ends every session and works once', async () => {
    const olga = await bench.client(AuthService, bench.site.owner);
    expect((await olga.whoAmI({})).user?.username).toBe('olga');
    await askReset('Olga@harbour.example');
    const token = await mailedToken('olga@harbour.example');
    expect(await stranger.resetPassword({ token, password: PASSWORD })).toMatchObject({ username: 'olga' });
    expect(await reasonOf(olga.whoAmI({}))).toBe('session_ended');
    const auth = await bench.client(AuthService);
    expect((await auth.signIn({ username: 'olga', password: PASSWORD })).user?.username).toBe('olga');
    expect(await reasonOf(stranger.resetPassword({ token, password: PASSWORD }))).toBe('link_void');
    expect(await subjectsTo('olga@harbour.example')).toContain('Your password for Berth was changed');
  });

  it('takes the same time to ask for, whoever is known', async () => {
    const times: number[] = [];
    for (const login of ['olga', 'nobody', 'sam', 'nobody@harbour.example']) {
      const at = bench.clock.now();
      await askReset(login);
      times.push(bench.clock.now() - at);
    }
    expect(new Set(times).size).toBe(1);
    expect((await mails()).map(({ to }) => to)).toEqual(['olga@harbour.example']);
  });

  it('goes only to an address that is known to be the person’s, and only for who may sign in', async () => {
    await giveAddress(bench.site.owner.userId, 'olga@harbour.example', 0);
    await askReset('olga');
    await giveAddress(bench.site.owner.userId, 'olga@harbour.example');
    await bench.store.db.updateTable('users').set({ status: 'suspended' }).where('username', '=', 'olga').execute();
    await askReset('olga');
    expect(await mails()).toEqual([]);
  });

  it('is not set for who has been suspended meanwhile', async () => {
    await askReset('olga');
    await bench.store.db.updateTable('users').set({ status: 'suspended' }).where('username', '=', 'olga').execute();
    const token = await mailedToken('olga@harbour.example');
    expect(await reasonOf(stranger.resetPassword({ token, password: PASSWORD }))).toBe('account_not_active');
  });

  it('is set within an hour, not later', async () => {
    await askReset('olga');
    const token = await mailedToken('olga@harbour.example');
    await bench.clock.advance(59 * MINUTE);
    expect((await stranger.inspectLink({ token })).username).toBe('olga');
    await bench.clock.advance(MINUTE);
    expect(await reasonOf(stranger.resetPassword({ token, password: PASSWORD }))).toBe('link_void');
  });
});

describe('an invitation', () => {
  beforeEach(() => open());
  afterEach(() => bench.close());
  const invitation = { email: 'nora@harbour.example', groups: ['sysadmins'] };

  it('makes an account in its groups, signed in, and is gone then', async () => {
    const { link, invitation: made } = await administrator.inviteUser({ invitation });
    expect(link).toMatchObject({ mailed: true, url: '' });
    expect(made).toMatchObject({ invitedBy: 'ada', groups: ['sysadmins'], delivery: MailDelivery.QUEUED });
    const token = await mailedToken('nora@harbour.example');
    const accepted = await stranger.acceptInvitation({ token, username: 'nora', password: PASSWORD });
    const transport = bench.transport(accepted.token);
    expect((await createClient(AuthService, transport).whoAmI({})).user).toMatchObject({
      username: 'nora',
      administrator: true,
    });
    expect((await administrator.listInvitations({})).invitations).toEqual([]);
    expect(await reasonOf(stranger.acceptInvitation({ token, username: 'nora2', password: PASSWORD }))).toBe(
      'link_void',
    );
  });

  it('is handed over where there is no mail, told once', async () => {
    await bench.close();
    await open({ mail: false });
    const first = await administrator.inviteUser({ invitation, idempotencyKey: 'once' });
    expect(first.link?.url).toMatch(/^https:\/\/berth\.example:8443\/invitation\/bml_[\w-]{43}$/);
    const again = await administrator.inviteUser({ invitation, idempotencyKey: 'once' });
    expect(again).toMatchObject({ invitation: { id: first.invitation?.id }, link: { url: '', mailed: false } });
  });

  it('works for a day; sent again it works for another, by the new link alone', async () => {
    const { invitation: made } = await administrator.inviteUser({ invitation });
    const former = await mailedToken('nora@harbour.example');
    await bench.clock.advance(24 * HOUR);
    expect(await reasonOf(stranger.inspectLink({ token: former }))).toBe('link_void');
    expect((await administrator.listInvitations({})).invitations).toHaveLength(1);
    await administrator.resendInvitation({ invitation: made?.id ?? '' });
    expect(await reasonOf(stranger.inspectLink({ token: former }))).toBe('link_void');
    const token = await mailedToken('nora@harbour.example');
    expect(await stranger.inspectLink({ token })).toMatchObject({ email: 'nora@harbour.example' });
    await administrator.deleteInvitation({ invitation: made?.id ?? '' });
    expect(await reasonOf(stranger.inspectLink({ token }))).toBe('link_void');
  });

  it('is not for somebody who is there already', async () => {
    await giveAddress(bench.site.owner.userId, 'nora@harbour.example');
    expect(await reasonOf(administrator.inviteUser({ invitation }))).toBe('email_taken');
  });

  it('leaves no token in the audit, and none in the database', async () => {
    await administrator.inviteUser({ invitation });
    const token = await mailedToken('nora@harbour.example');
    await stranger.acceptInvitation({ token, username: 'nora', password: PASSWORD });
    const tables = ['audit', 'mail_links', 'outgoing_mails', 'users', 'idempotency_keys'] as const;
    for (const table of tables) {
      const rows = await bench.store.db.selectFrom(table).selectAll().execute();
      const text = JSON.stringify(rows, (_, value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString() : value,
      );
      expect(text, table).not.toContain(token);
      expect(text, table).not.toContain(PASSWORD);
    }
  });
});

describeEachDialect('a link', (database) => {
  beforeEach(async () => open({ url: (await database()).url }));
  afterEach(() => bench.close());

  it('works for one of two who use it at once', async () => {
    await administrator.inviteUser({ invitation: { email: 'nora@harbour.example' } });
    const token = await mailedToken('nora@harbour.example');
    const accept = (username: string) => reasonOf(stranger.acceptInvitation({ token, username, password: PASSWORD }));
    const outcomes = await Promise.all([accept('nora'), accept('norman')]);
    expect(outcomes.sort()).toEqual(['link_void', 'none']);
    await giveAddress(bench.site.owner.userId, 'olga@harbour.example');
    await askReset('olga');
    const reset = await mailedToken('olga@harbour.example');
    const resets = ['one', 'two', 'three'].map((end) =>
      reasonOf(stranger.resetPassword({ token: reset, password: `${PASSWORD} ${end}` })),
    );
    expect((await Promise.all(resets)).sort()).toEqual(['link_void', 'link_void', 'none']);
  });
});
