import { seededRandom } from '@berth/proto/contract/random.ts';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession } from '../auth/sessions.ts';
import { type Bench, openBench } from '../operations/testing/bench.ts';
import { claimKey } from '../store/idempotency.ts';
import { startReconcilers } from './driver.ts';

const DAY = 24 * 3_600_000;

describe('reconcilers', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  const start = (...args: Parameters<typeof startReconcilers> extends [unknown, ...infer Rest] ? Rest : never) =>
    startReconcilers({ ...bench, random: seededRandom(1), log: pino({ level: 'silent' }) }, ...args);

  it('drop what has expired and keep what has not', async () => {
    const { userId } = bench.site.owner;
    await bench.store.transaction(async (tx) => {
      await openSession(tx, userId, { userAgent: 'old', address: '' });
      await claimKey(tx, { userId, method: 'CreateSite', key: 'old' }, 'a'.repeat(64));
    });
    await bench.clock.advance(8 * DAY);
    await bench.store.transaction(async (tx) => {
      await openSession(tx, userId, { userAgent: 'new', address: '' });
      await claimKey(tx, { userId, method: 'CreateSite', key: 'new' }, 'a'.repeat(64));
    });
    const reconcilers = start();
    await bench.until('pruning', async () => (await sessions()).length === 1);
    expect(await sessions()).toEqual([{ user_agent: 'new' }]);
    const keys = await bench.store.db.selectFrom('idempotency_keys').select('idempotency_key').execute();
    expect(keys).toEqual([{ idempotency_key: 'new' }]);
    await reconcilers.stop();
  });

  it('run again after a failure, and stop when told to', async () => {
    let runs = 0;
    const failing = async () => {
      runs++;
      throw new Error('not this time');
    };
    const reconcilers = start([{ name: 'failing', everyMs: 60_000, run: failing }]);
    await bench.clock.advance(600_000);
    expect(runs).toBeGreaterThan(5);
    await reconcilers.stop();
    const before = runs;
    await bench.clock.advance(600_000);
    expect(runs).toBe(before);
  });

  const sessions = () => bench.store.db.selectFrom('sessions').select('user_agent').execute();
});
