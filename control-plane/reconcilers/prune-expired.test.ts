import { seededRandom } from '@berth/proto/contract/random.ts';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession } from '../auth/sessions.ts';
import { lockMailSettings, writeMailSettings } from '../mail/mail-settings.ts';
import { queueMail } from '../mail/queue-mail.ts';
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

  it('forget mails after a month', async () => {
    const { store, clock } = bench;
    const queue = (subject: string) =>
      store.transaction(async (tx) => {
        await writeMailSettings(tx, { ...(await lockMailSettings(tx)), host: 'a', senderAddress: 'b@c.example' });
        await queueMail(tx, { to: 'ada@example.org', subject, text: '' });
      });
    await queue('old');
    await clock.advance(30 * DAY);
    await queue('new');
    const reconcilers = start();
    const subjects = () => store.db.selectFrom('outgoing_mails').select('subject').execute();
    await bench.until('pruning', async () => (await subjects()).length === 1);
    expect(await subjects()).toEqual([{ subject: 'new' }]);
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
