import { AuthService, SecondFactor } from '@berth/proto/api/v1/auth_pb.js';
import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { SecurityService } from '@berth/proto/api/v1/security_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { ConnectError, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashPassword } from '../auth/password.ts';
import { totpCode } from '../auth/totp.ts';
import { lockMailSettings, writeMailSettings } from '../mail/mail-settings.ts';
import { directoryRevision } from '../store/directory-changes.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';

const PASSWORD = 'nine lives of the harbour cat';
const MINUTE = 60_000;
const hash = hashPassword(PASSWORD);

/** Why a call was refused, with the seconds it is told to wait. */
async function refusal(call: Promise<unknown>): Promise<[reason: string, retryAfter: string | null]> {
  const error = await call.then(
    () => new ConnectError('it was not refused'),
    (cause) => ConnectError.from(cause),
  );
  return [error.findDetails(ErrorDetailSchema)[0]?.reason ?? error.message, error.metadata.get('retry-after')];
}

describeEachDialect('second factors', (create) => {
  let bench: ApiBench;
  let username: string;
  beforeEach(async () => {
    bench = await openApiBench((await create()).url);
    username = bench.site.owner.username;
    await bench.store.db
      .updateTable('users')
      .set({ password_hash: await hash })
      .execute();
  });
  afterEach(() => bench.close());

  const auth = (token = '') => createClient(AuthService, bench.transport(token));
  const security = (token: string) => createClient(SecurityService, bench.transport(token));
  const signIn = async () => {
    const { token, secondFactor } = await auth().signIn({ username, password: PASSWORD });
    return { token, pendingToken: secondFactor?.pendingToken ?? '', factors: secondFactor?.factors };
  };
  /** Sets codes up and lets their step pass. */
  const setUp = async () => {
    const { token } = await signIn();
    const { secret } = await security(token).beginTotp({});
    const { recoveryCodes } = await security(token).confirmTotp({ code: totpCode(secret, bench.clock.now()) });
    await bench.clock.advance(MINUTE);
    return { token, recoveryCodes, code: () => totpCode(secret, bench.clock.now()) };
  };

  it('are asked for after the password, and each answer is taken once', async () => {
    const { recoveryCodes, code } = await setUp();
    const asked = await signIn();
    expect(asked).toMatchObject({ token: '', factors: [SecondFactor.TOTP, SecondFactor.RECOVERY_CODE] });
    const { token } = await auth().completeSignIn({ pendingToken: asked.pendingToken, code: code() });
    expect((await auth(token).whoAmI({})).user?.username).toBe(username);
    expect(await refusal(auth().completeSignIn({ pendingToken: asked.pendingToken, code: code() }))).toEqual([
      'pending_over',
      null,
    ]);
    const again = await signIn();
    expect(await refusal(auth().completeSignIn({ pendingToken: again.pendingToken, code: code() }))).toEqual([
      'wrong_second_factor',
      null,
    ]);
    const [recovery = ''] = recoveryCodes;
    const both = await Promise.allSettled(
      [again, await signIn()].map(({ pendingToken }) => auth().completeSignIn({ pendingToken, code: recovery })),
    );
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are slowed down for who knows the password alone, and noted for its owner', async () => {
    await setUp();
    const { pendingToken } = await signIn();
    for (let i = 0; i < 5; i += 1) {
      const [reason] = await refusal(auth().completeSignIn({ pendingToken, code: '000000' }));
      expect(reason).toBe('wrong_second_factor');
    }
    expect((await refusal(auth().completeSignIn({ pendingToken, code: '000000' })))[0]).toBe('pending_over');
    // A right password does not forgive wrong codes.
    const another = await signIn();
    expect(await refusal(auth().completeSignIn({ pendingToken: another.pendingToken, code: '000000' }))).toEqual([
      'too_many_tries',
      '2',
    ]);
    const rows = await bench.store.db
      .selectFrom('audit')
      .select('change_json')
      .where('action', '=', 'session.second-factor-refused')
      .execute();
    expect(rows.map((row) => JSON.parse(row.change_json).failures).sort()).toEqual([1, 2, 4]);
  });

  it('want a fresh proof before they change', async () => {
    const { token, code } = await setUp();
    const { pendingToken } = await signIn();
    await bench.clock.advance(10 * MINUTE);
    expect((await refusal(security(token).removeTotp({})))[0]).toBe('reauthentication_required');
    expect((await refusal(security(token).createRecoveryCodes({})))[0]).toBe('reauthentication_required');
    expect((await refusal(auth().completeSignIn({ pendingToken, code: code() })))[0]).toBe('pending_over');
    expect((await refusal(security(token).reauthenticate({ password: 'not that one' })))[0]).toBe('wrong_proof');
    await security(token).reauthenticate({ password: PASSWORD });
    const before = await directoryRevision(bench.store.db);
    await security(token).setLoginTotp({ enabled: true });
    expect(await directoryRevision(bench.store.db)).toBeGreaterThan(before);
    await security(token).removeTotp({});
    const left = (await security(token).getOwnSecurity({})).security;
    expect(left).toMatchObject({ loginTotp: false, recoveryCodesLeft: 0 });
    expect((await signIn()).token).toMatch(/^bes_/);
  });

  it('are taken away by an administrator only, with every trace of them', async () => {
    const { token } = await setUp();
    expect((await refusal(security(token).resetSecondFactors({ user: username })))[0]).toBe('administrator_required');
    const administrator = await bench.client(SecurityService, bench.site.administrator);
    await bench.store.transaction(async (tx) => {
      const settings = await lockMailSettings(tx);
      await writeMailSettings(tx, { ...settings, host: 'mail.example', senderAddress: 'berth@example.org' });
    });
    await bench.store.db
      .updateTable('users')
      .set({ email: 'owner@example.org' })
      .where('username', '=', username)
      .execute();
    await administrator.resetSecondFactors({ user: username });
    const mails = await bench.store.db.selectFrom('outgoing_mails').select(['recipient', 'subject']).execute();
    expect(mails).toEqual([{ recipient: 'owner@example.org', subject: 'Your second factors were removed' }]);
    expect((await signIn()).token).toMatch(/^bes_/);
    expect((await administrator.endUserSessions({ user: username })).ended).toBe(2);
    expect((await refusal(auth(token).whoAmI({})))[0]).toBe('session_ended');
  });

  it('belong to sessions that end one by one, all others, and at the next sign-in from the same place', async () => {
    const [first, second, third] = [await signIn(), await signIn(), await signIn()];
    const { sessions } = await security(third.token).listOwnSessions({});
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    const { token } = await auth(first.token).signIn({ username, password: PASSWORD });
    expect((await refusal(auth(first.token).whoAmI({})))[0]).toBe('session_ended');
    const stranger = await bench.client(SecurityService, bench.site.stranger);
    const [mine] = sessions;
    expect((await refusal(stranger.endOwnSession({ session: mine?.id ?? '' })))[0]).toBe('session_not_found');
    expect((await security(third.token).endOtherSessions({})).ended).toBe(2);
    for (const ended of [second.token, token]) {
      expect((await refusal(auth(ended).whoAmI({})))[0]).toBe('session_ended');
    }
    await security(third.token).endOwnSession({ session: sessions.find(({ current }) => current)?.id ?? '' });
    expect((await refusal(auth(third.token).whoAmI({})))[0]).toBe('session_ended');
  });
});
