// What people and administrators do about addresses and forgotten passwords, with the mails and links that follow.
import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { SignUpService } from '@berth/proto/api/v1/sign_up_pb.js';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLetter } from '../mail/letter.ts';
import { lockMailSettings, writeMailSettings } from '../mail/mail-settings.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const HOUR = 3_600_000;
const PASSWORD = 'lantern quartz meadow';
const NEWS = 'copper violin harvest';

let bench: ApiBench;
let token: string;
beforeEach(async () => {
  bench = await openApiBench();
  const users = await bench.client(UsersService, bench.site.administrator);
  await users.createUser({ user: { username: 'grace', email: 'grace@example.org' }, password: PASSWORD });
  token = (await auth().signIn({ username: 'grace', password: PASSWORD })).token;
});
afterEach(() => bench.close());

const auth = () => createClient(AuthService, bench.transport(''));
const users = () => bench.client(UsersService, bench.site.administrator);
const account = () => createClient(AccountService, bench.transport(token));
const signUp = () => createClient(SignUpService, bench.transport(''));
const setUpMail = () =>
  bench.store.transaction(async (tx) =>
    writeMailSettings(tx, {
      ...(await lockMailSettings(tx)),
      ...{ host: 'mail.example', senderAddress: 'berth@harbour.example' },
    }),
  );
const move = (email: string) =>
  account().updateProfile({ user: { email }, updateMask: { paths: ['email'] }, currentPassword: PASSWORD });

/** Subjects of the mails to an address, and the token in the last of them. */
async function mailed(to: string): Promise<{ subjects: string[]; token: string }> {
  const rows = await bench.store.db.selectFrom('outgoing_mails').selectAll().where('recipient', '=', to).execute();
  const last = rows.at(-1);
  const text = last ? openLetter(bench.store.secrets, last.id, last.body_box).text : '';
  return { subjects: rows.map(({ subject }) => subject), token: /\/(bml_[\w-]{43})\n/.exec(text)?.[1] ?? '' };
}

async function reasonOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return ConnectError.from(error).findDetails(ErrorDetailSchema)[0]?.reason ?? String(error);
  }
}

describe('another address', () => {
  it('is known to be one’s own once the link to it has been followed, and the former one hears of it', async () => {
    await setUpMail();
    expect((await move('Hopper@Example.org')).verificationSent).toBe(true);
    expect((await mailed('grace@example.org')).subjects).toEqual(['Your address at Berth was changed']);
    expect((await account().getProfile({})).user?.emailVerified).toBe(false);
    const first = (await mailed('hopper@example.org')).token;
    await account().sendEmailVerification({});
    const second = (await mailed('hopper@example.org')).token;
    expect(await reasonOf(signUp().verifyEmail({ token: first })), 'only the newest link works').toBe('link_void');
    await signUp().verifyEmail({ token: second });
    expect((await account().getProfile({})).user).toMatchObject({ email: 'hopper@example.org', emailVerified: true });
    expect(await reasonOf(account().sendEmailVerification({}))).toBe('nothing_to_verify');
  });

  it('counts at once where there is no mail, but as one that nobody has looked at', async () => {
    expect((await move('hopper@example.org')).verificationSent).toBe(false);
    expect((await account().getProfile({})).user?.emailVerified).toBe(false);
    expect(await reasonOf(account().sendEmailVerification({}))).toBe('mail_not_set_up');
  });

  it('is not used to write to strangers one after the other', async () => {
    await setUpMail();
    for (let i = 0; i < 6; i += 1) await move(`stranger${i}@example.org`);
    expect(await reasonOf(move('stranger6@example.org'))).toBe('asked_too_often');
    expect((await account().getProfile({})).user?.email).toBe('stranger5@example.org');
    await bench.clock.advance(HOUR);
    await move('stranger6@example.org');
  });

  it('goes to whom an administrator gives it, from somebody who has only claimed it', async () => {
    await move('sam@example.org');
    await (await users()).updateUser({
      user: { username: 'sam', email: 'sam@example.org' },
      updateMask: { paths: ['email'] },
    });
    expect((await account().getProfile({})).user?.email).toBe('');
    await move('new@example.org');
    await (await users()).createUser({ user: { username: 'newcomer', email: 'new@example.org' } });
    expect((await account().getProfile({})).user?.email).toBe('');
  });
});

describe('a link that an administrator hands over', () => {
  it('sets a password once, within an hour, and ends the sessions', async () => {
    const { link } = await (await users()).createPasswordResetLink({ user: 'grace' });
    expect(link).toMatchObject({ url: expect.stringMatching(/\/reset-password\/bml_[\w-]{43}$/), mailed: false });
    const newest = (await (await users()).createPasswordResetLink({ user: 'grace' })).link?.url.split('/').at(-1) ?? '';
    const reset = (by: string) => signUp().resetPassword({ token: by, password: NEWS });
    expect(await reasonOf(reset(link?.url.split('/').at(-1) ?? ''))).toBe('link_void');
    expect((await reset(newest)).username).toBe('grace');
    expect(await reasonOf(reset(newest))).toBe('link_void');
    await expect(account().getProfile({})).rejects.toMatchObject({ code: Code.Unauthenticated });
    await auth().signIn({ username: 'grace', password: NEWS });
    const late = (await (await users()).createPasswordResetLink({ user: 'grace' })).link?.url.split('/').at(-1) ?? '';
    await bench.clock.advance(HOUR);
    expect(await reasonOf(reset(late))).toBe('link_void');
  });

  it('works beside those of others who have no address either', async () => {
    const tokenFor = async (user: string) =>
      (await (await users()).createPasswordResetLink({ user })).link?.url.split('/').at(-1) ?? '';
    const [sam, olga] = [await tokenFor('sam'), await tokenFor('olga')];
    await signUp().resetPassword({ token: sam, password: PASSWORD });
    expect((await signUp().resetPassword({ token: olga, password: PASSWORD })).username).toBe('olga');
  });

  it('is not made for who may not come in', async () => {
    await (await users()).updateUser({
      user: { username: 'grace', status: UserStatus.SUSPENDED },
      updateMask: { paths: ['status'] },
    });
    expect(await reasonOf((await users()).createPasswordResetLink({ user: 'grace' }))).toBe('account_not_active');
  });
});

it('who has waited for approval hears that it came, at an address known to be his', async () => {
  await setUpMail();
  const wait = { status: 'pending' as const };
  await bench.store.db.updateTable('users').set(wait).where('username', '=', 'grace').execute();
  await (await users()).updateUser({
    user: { username: 'grace', status: UserStatus.ACTIVE },
    updateMask: { paths: ['status'] },
  });
  expect((await mailed('grace@example.org')).subjects).toEqual(['Your account at Berth is ready']);
});
