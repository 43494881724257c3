import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, openBench } from '../operations/testing/bench.ts';
import { confirmTotp, putUnconfirmedTotp } from '../store/totp-factors.ts';
import { hashPassword } from './password.ts';
import { newTotpSecret, totpCode } from './totp.ts';
import { Turnstile } from './turnstile.ts';
import { type LoginTry, type VerifyDeps, verifyContainerLogin, verifyLogin } from './verify-login.ts';

const PASSWORD = 'lantern quartz meadow';
const SECRET = newTotpSecret();

describe('verifying a login', () => {
  let bench: Bench;
  let deps: VerifyDeps;
  let hash: string;
  beforeAll(async () => {
    hash = await hashPassword(PASSWORD);
    bench = await openBench();
    deps = { store: bench.store, turnstile: new Turnstile(2, 10) };
  });
  afterAll(() => bench.close());
  beforeEach(() => set({ status: 'active', password_hash: hash, login_totp: 0 }));

  let addresses = 0;
  const attempt = (password: string, change: Partial<LoginTry> = {}): LoginTry => ({
    ...{ username: bench.site.owner.username, password, address: `192.0.2.${addresses++}` },
    ...{ via: 'ldap', requestId: 'req-1', ...change },
  });
  const set = async (change: { status?: 'active' | 'suspended'; password_hash?: string; login_totp?: number }) => {
    await bench.store.transaction(async (tx) => {
      await tx.db.updateTable('users').set(change).where('id', '=', bench.site.owner.userId).execute();
    });
  };
  const kind = async (password: string) => (await verifyContainerLogin(deps, attempt(password))).kind;

  it('takes the right password of an active person, and nothing else', async () => {
    expect((await verifyLogin(deps, attempt(PASSWORD))).kind).toBe('right');
    expect((await verifyLogin(deps, attempt('another one'))).kind).toBe('wrong');
    expect((await verifyLogin(deps, attempt(PASSWORD, { username: 'nobody' }))).kind).toBe('wrong');
    await set({ status: 'suspended' });
    expect((await verifyLogin(deps, attempt(PASSWORD))).kind).toBe('wrong');
  });

  it('takes no password where there is none', async () => {
    await set({ password_hash: '' });
    for (const password of ['', 'nobody has this password']) expect(await kind(password)).toBe('wrong');
  });

  it('wants the one-time code at the end where its person does, each code once', async () => {
    await bench.store.transaction(async (tx) => {
      await putUnconfirmedTotp(tx, bench.site.owner.userId, SECRET);
      await confirmTotp(tx, bench.site.owner.userId);
    });
    await set({ login_totp: 1 });
    const code = () => totpCode(SECRET, bench.clock.now());
    expect(await kind(PASSWORD)).toBe('wrong');
    expect(await kind(`another one${code()}`)).toBe('wrong');
    expect(await kind(`${PASSWORD}${code()}`)).toBe('right');
    expect(await kind(`${PASSWORD}${code()}`)).toBe('wrong');
    await bench.clock.advance(30_000);
    expect(await kind(`${PASSWORD}${code()}`)).toBe('right');
    expect((await verifyLogin(deps, attempt(PASSWORD))).kind, 'on the pages the code has its own field').toBe('right');
  });

  it('slows guessing down and shows it in the audit, a row for each doubling', async () => {
    const guess = attempt('guess', { address: '198.51.100.1' });
    const verdicts = [];
    for (let i = 0; i < 9; i += 1) {
      verdicts.push((await verifyLogin(deps, guess)).kind);
      await bench.clock.advance(1);
    }
    expect(verdicts).toEqual([...Array(5).fill('wrong'), ...Array(4).fill('slowed')]);
    const rows = await bench.store.db
      .selectFrom('audit')
      .select(['action', 'change_json', 'address', 'via'])
      .where('address', '=', '198.51.100.1')
      .orderBy('id')
      .execute();
    expect(rows.map(({ change_json }) => JSON.parse(change_json).failures)).toEqual([1, 2, 4]);
    expect(rows[0]).toMatchObject({ action: 'session.refused', via: 'ldap' });
  });

  it('writes nothing when somebody known is right again, and counts when he is wrong', async () => {
    const { address } = attempt('');
    const tries = (password: string) => verifyLogin(deps, attempt(password, { address }));
    const counts = async () => JSON.stringify(await bench.store.db.selectFrom('rate_limits').selectAll().execute());
    expect((await tries(PASSWORD)).kind).toBe('right');
    const before = await counts();
    expect((await tries(PASSWORD)).kind).toBe('right');
    expect(await counts()).toBe(before);
    const kinds = [];
    for (let i = 0; i < 7; i += 1) kinds.push((await tries('guess')).kind);
    expect(kinds).toEqual([...Array(5).fill('wrong'), 'slowed', 'slowed']);
  });

  it('lets nobody guess on trust more than a few at once', async () => {
    const { address } = attempt('');
    await verifyLogin(deps, attempt(PASSWORD, { address }));
    const looked: unknown[] = [];
    const counting: VerifyDeps = { ...deps, turnstile: new Turnstile(30, 0) };
    const pass = counting.turnstile.pass.bind(counting.turnstile);
    counting.turnstile.pass = (work) => {
      looked.push(work);
      return pass(work);
    };
    await Promise.all(Array.from({ length: 30 }, () => verifyLogin(counting, attempt('guess', { address }))));
    expect(looked.length).toBeLessThanOrEqual(10);
  });

  it('writes nowhere what was typed for a name that nobody has', async () => {
    await verifyLogin(deps, attempt('x', { username: 'hunter2-in-the-wrong-field' }));
    expect(JSON.stringify(await bench.store.db.selectFrom('audit').selectAll().execute())).not.toContain('hunter2');
  });

  it('lets only so many wait', async () => {
    const all = await Promise.all(Array.from({ length: 40 }, () => verifyLogin(deps, attempt(PASSWORD))));
    const kinds = new Set(all.map((verdict) => verdict.kind));
    expect(kinds).toEqual(new Set(['right', 'slowed']));
  });
});
