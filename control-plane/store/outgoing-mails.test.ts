import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueMail } from '../mail/queue-mail.ts';
import { type MailBench, openMailBench } from '../mail/testing/mail-bench.ts';
import { claimMail, settleMail } from './outgoing-mails.ts';

const LEASE_MS = 120_000;

describeEachDialect('mail as rows', (open, dialect) => {
  let bench: MailBench;
  beforeEach(async () => {
    bench = await openMailBench((await open()).url);
  });
  afterEach(() => bench.close());

  it('is sent once, and its text is forgotten', async () => {
    bench.start();
    await bench.queue();
    await bench.settled();
    const [mail] = bench.sent;
    expect(bench.sent).toHaveLength(1);
    expect(mail).toMatchObject({ recipient: 'ada@example.org', subject: 'Hello', text: 'A link', senderName: 'Berth' });
    expect(mail?.messageId).toMatch(/^<mil-[0-9a-z]{26}@example\.org>$/);
    const [row] = await bench.rows();
    expect(row).toMatchObject({ state: 'sent', last_error: '' });
    expect(row?.body_box).toHaveLength(0);
  });

  it('is there only when its transaction is, with its text sealed', async () => {
    await bench.queue();
    expect(Buffer.from((await bench.rows())[0]?.body_box ?? []).includes('A link')).toBe(false);
    const failing = bench.store.transaction(async (tx) => {
      await queueMail(tx, { to: 'eve@example.org', subject: 'x', text: 'x' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await bench.rows()).toHaveLength(1);
    await bench.setUp('');
    expect(await bench.queue()).toBeUndefined();
    expect(await bench.rows()).toHaveLength(1);
  });

  it('is sent by one of several outboxes', async () => {
    const subjects = Array.from({ length: 20 }, (_, i) => `Mail ${i}`);
    for (const subject of subjects) await bench.queue({ subject });
    bench.start();
    bench.start();
    bench.start();
    await bench.settled();
    expect(bench.sent.map(({ subject }) => subject).sort()).toEqual(subjects.sort());
  });

  it('passes on from a sender that died, whose late word then counts for nothing', async () => {
    await bench.queue();
    const claim = await claimMail(bench.store, LEASE_MS);
    if (!claim) throw new Error('nothing to claim');
    expect(await claimMail(bench.store, LEASE_MS)).toBeUndefined();
    const at = bench.clock.now();
    bench.start();
    await bench.settled(dialect === 'sqlite' ? 1_000 : 30_000);
    // On SQLite whoever starts is the only one, so what was being sent was being sent by a former self.
    if (dialect === 'sqlite') expect(bench.clock.now() - at).toBeLessThan(5_000);
    else expect(bench.clock.now() - at).toBeGreaterThanOrEqual(LEASE_MS);
    expect(bench.sent).toHaveLength(1);
    expect(await settleMail(bench.store, claim, { state: 'failed', error: 'late' })).toBe(false);
    expect((await bench.rows())[0]).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('is tried at once by new settings, but not a second time while it is being sent', async () => {
    bench.answer = () => ({ kind: 'unreachable', words: 'down' });
    bench.start();
    await bench.queue({ subject: 'waits' });
    await bench.until(async () => (await bench.rows())[0]?.attempts === 3);
    let release = () => {};
    bench.answer = ({ subject }) =>
      subject === 'waits'
        ? { kind: 'sent', answer: '250 ok' }
        : new Promise((resolve) => (release = () => resolve({ kind: 'sent', answer: '250 ok' })));
    await bench.queue({ subject: 'under way' });
    await bench.until(() => bench.sent.some(({ subject }) => subject === 'under way'));
    const at = bench.clock.now();
    await bench.setUp('new.example');
    await bench.until(async () => (await bench.rows()).some(({ state }) => state === 'sent'));
    expect(bench.clock.now() - at).toBeLessThan(5_000);
    release();
    await bench.settled();
    expect(bench.sent.filter(({ subject }) => subject === 'under way')).toHaveLength(1);
  });
});
