import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { Code, createClient } from '@connectrpc/connect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiBench, openApiBench } from '../api/testing/api-bench.ts';
import { ensureSetupCode } from './setup-code.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST = { username: 'first', password: 'long enough' };

describe('sign-in', () => {
  let bench: ApiBench;
  beforeEach(async () => {
    bench = await openApiBench();
    await bench.store.transaction(async (tx) => {
      await tx.db.deleteFrom('group_members').execute();
    });
  });
  afterEach(() => bench.close());

  const auth = (token = '') => createClient(AuthService, bench.transport(token));
  const setUp = async () => {
    const setupCode = (await ensureSetupCode(bench.store)) ?? '';
    return auth().createFirstAdministrator({ setupCode, ...FIRST });
  };

  it('makes the first administrator with the newest code, once', async () => {
    expect((await auth().getSetupState({})).setupRequired).toBe(true);
    const old = await ensureSetupCode(bench.store);
    const made = await setUp();
    expect(made.user).toMatchObject({ username: 'first', administrator: true });
    expect((await auth().getSetupState({})).setupRequired).toBe(false);
    expect(await ensureSetupCode(bench.store)).toBeUndefined();
    const again = auth().createFirstAdministrator({ setupCode: old ?? '', ...FIRST, username: 'eve' });
    await expect(again).rejects.toMatchObject({ code: Code.FailedPrecondition });
  });

  it('refuses a wrong code', async () => {
    await ensureSetupCode(bench.store);
    const wrong = auth().createFirstAdministrator({ setupCode: 'guess', ...FIRST });
    await expect(wrong).rejects.toMatchObject({ code: Code.PermissionDenied });
  });

  it('makes one administrator of two at once', async () => {
    const setupCode = (await ensureSetupCode(bench.store)) ?? '';
    const both = await Promise.allSettled(
      ['one', 'two'].map((username) => auth().createFirstAdministrator({ setupCode, ...FIRST, username })),
    );
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('opens a session with the right password, and says the same of a wrong name and a wrong password', async () => {
    await setUp();
    const { token, user } = await auth().signIn(FIRST);
    expect(token).toMatch(/^bes_[\w-]{43}$/);
    expect((await auth(token).whoAmI({})).user?.id).toBe(user?.id);
    const wrongPassword = await auth()
      .signIn({ ...FIRST, password: 'not that one' })
      .catch((e: Error) => e.message);
    const wrongName = await auth()
      .signIn({ ...FIRST, username: 'nobody' })
      .catch((e: Error) => e.message);
    expect(wrongPassword).toBe(wrongName);
  });

  it('keeps no token and no password in the store', async () => {
    const { token } = await setUp();
    const rows = [
      ...(await bench.store.db.selectFrom('sessions').selectAll().execute()),
      ...(await bench.store.db.selectFrom('users').selectAll().execute()),
      ...(await bench.store.db.selectFrom('settings').selectAll().execute()),
    ];
    const text = JSON.stringify(rows);
    expect(text).not.toContain(token);
    expect(text).not.toContain(FIRST.password);
  });

  it('ends a session when it is signed out, unused for a week, or 30 days old', async () => {
    const first = await setUp();
    await auth(first.token).signOut({});
    await expect(auth(first.token).whoAmI({})).rejects.toMatchObject({ code: Code.Unauthenticated });

    const idle = await auth().signIn(FIRST);
    await bench.clock.advance(7 * DAY);
    await expect(auth(idle.token).whoAmI({})).rejects.toMatchObject({ code: Code.Unauthenticated });

    const used = await auth().signIn(FIRST);
    for (let day = 0; day < 29; day += 1) {
      await bench.clock.advance(DAY);
      await auth(used.token).whoAmI({});
    }
    await bench.clock.advance(DAY + HOUR);
    await expect(auth(used.token).whoAmI({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});
