import { randomBytes } from 'node:crypto';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { type Attempt, admit, forgive } from './rate-limits.ts';

const MINUTE = 60_000;
const ATTACKER = '198.51.100.7';
const OFFICE = '192.0.2.1';

describeEachDialect('rate limits', (create) => {
  let store: Store;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = new VirtualClock();
    store = await openStore({ url: (await create()).url, masterKey: randomBytes(32), clock });
  });
  afterEach(() => store.close());

  const fail = (account: string, address: string) => admit(store, { account, address });
  const succeed = async (attempt: Attempt) => {
    const admission = await admit(store, attempt);
    if (admission.admitted) await forgive(store, attempt);
    return admission.admitted;
  };
  /** How many tries of an attacker who waits as told are judged in some time. */
  const guessesIn = async (ms: number, account: string, address: string) => {
    const end = clock.now() + ms;
    let judged = 0;
    while (clock.now() < end) {
      const admission = await fail(account, address);
      if (admission.admitted) judged += 1;
      else await clock.advance(admission.retryAfterMs);
    }
    return judged;
  };

  it('let a person mistype a few times, then make him wait longer and longer', async () => {
    for (let i = 0; i < 5; i += 1) expect((await fail('ada', OFFICE)).admitted).toBe(true);
    expect(await fail('ada', OFFICE)).toEqual({ admitted: false, retryAfterMs: 2_000 });
    await clock.advance(2_000);
    expect((await fail('ada', OFFICE)).admitted).toBe(true);
    expect(await fail('ada', OFFICE)).toEqual({ admitted: false, retryAfterMs: 4_000 });
  });

  it('leave a guesser fewer than 200 guesses a day at an account from one address', async () => {
    expect(await guessesIn(24 * 60 * MINUTE, 'ada', ATTACKER)).toBeLessThan(200);
  });

  it('count tries at the same moment one by one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const tries = Promise.all(Array.from({ length: 20 }, () => fail(`ada-${round}`, `198.51.100.${round}`)));
      // The engine may ask for a transaction again, after a pause on this clock; the first wait must not pass meanwhile.
      let left = 1_900;
      const ticking = setInterval(() => left-- > 0 && void clock.advance(1), 5);
      const all = await tries.finally(() => clearInterval(ticking));
      expect(all.filter(({ admitted }) => admitted)).toHaveLength(5);
    }
  });

  it('do not keep the owner out while strangers guess at his account from everywhere', async () => {
    expect(await succeed({ account: 'ada', address: OFFICE })).toBe(true);
    for (let i = 0; i < 300; i += 1) await fail('ada', `198.51.100.${i % 256}`);
    expect((await fail('ada', '203.0.113.9')).admitted).toBe(false);
    expect(await succeed({ account: 'ada', address: OFFICE })).toBe(true);
  });

  it('do not lock an office out because one of them forgot his password, nor those who were never there', async () => {
    for (let i = 0; i < 60; i += 1) await fail('forgetful', OFFICE);
    expect((await fail('forgetful', OFFICE)).admitted).toBe(false);
    for (let i = 0; i < 50; i += 1) expect(await succeed({ account: `colleague-${i}`, address: OFFICE })).toBe(true);
  });

  it('slow down one address that tries many accounts', async () => {
    for (let i = 0; i < 100; i += 1) await fail(`user-${i}`, ATTACKER);
    expect((await fail('user-100', ATTACKER)).admitted).toBe(false);
  });

  it('count an IPv6 subscriber as one', async () => {
    for (let i = 0; i < 5; i += 1) await fail('ada', `2001:db8:1:2::${i}`);
    expect((await fail('ada', '2001:db8:1:2:ffff::1')).admitted).toBe(false);
    expect((await fail('ada', '2001:db8:1:3::1')).admitted).toBe(true);
  });

  it('forget in time, and at once when somebody was right', async () => {
    for (let i = 0; i < 4; i += 1) await fail('ada', OFFICE);
    expect(await succeed({ account: 'ada', address: OFFICE })).toBe(true);
    expect(await fail('ada', OFFICE)).toMatchObject({ admitted: true, failures: 1 });
    await clock.advance(10 * MINUTE);
    expect(await fail('ada', OFFICE)).toMatchObject({ admitted: true, failures: 1 });
  });

  it('name only every doubling of failures worth a note', async () => {
    const noted: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const admission = await fail('ada', ATTACKER);
      if (!admission.admitted) await clock.advance(admission.retryAfterMs);
      else if (admission.notable) noted.push(admission.failures);
    }
    expect(noted.slice(0, 4)).toEqual([1, 2, 4, 8]);
  });

  it('keep no name that was typed', async () => {
    await fail('hunter2-typed-in-the-wrong-field', ATTACKER);
    const rows = await store.db.selectFrom('rate_limits').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });
});
