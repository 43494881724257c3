import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MailBench, openMailBench } from './testing/mail-bench.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let bench: MailBench;
beforeEach(async () => {
  bench = await openMailBench();
});
afterEach(() => bench.close());

it('tries again what is put off, with the same Message-ID', async () => {
  bench.answer = () =>
    bench.sent.length === 1
      ? { kind: 'deferred', words: '451 greylisted' }
      : bench.sent.length === 2
        ? { kind: 'unreachable', words: 'connect ECONNREFUSED' }
        : { kind: 'sent', answer: '250 ok' };
  bench.start();
  await bench.queue();
  await bench.until(async () => (await bench.rows())[0]?.last_error === '451 greylisted');
  await bench.settled();
  expect(bench.sent).toHaveLength(3);
  expect(new Set(bench.sent.map(({ messageId }) => messageId)).size).toBe(1);
  expect((await bench.rows())[0]).toMatchObject({ state: 'sent', attempts: 3 });
});

it("gives up at once what is refused for good, with the server's own words", async () => {
  bench.answer = () => ({ kind: 'refused', words: '550 5.1.1 no such user\r\nhere' });
  bench.start();
  await bench.queue();
  await bench.settled();
  expect(bench.sent).toHaveLength(1);
  expect((await bench.rows())[0]).toMatchObject({ state: 'failed', last_error: '550 5.1.1 no such user here' });
});

it('gives up after a day, or when the mail is of no use any more', async () => {
  bench.answer = () => ({ kind: 'deferred', words: '452 full' });
  bench.start(10 * MINUTE);
  const began = bench.clock.now();
  await bench.queue({ to: 'slow@example.org' });
  await bench.queue({ to: 'hour@example.org', usefulMs: HOUR });
  const stateOf = async (to: string) => (await bench.rows()).find(({ recipient }) => recipient === to)?.state;
  await bench.until(async () => (await stateOf('hour@example.org')) === 'failed', 10 * MINUTE);
  expect(bench.clock.now() - began).toBeLessThanOrEqual(HOUR);
  expect(await stateOf('slow@example.org')).not.toBe('failed');
  await bench.settled(10 * MINUTE);
  expect(bench.clock.now() - began).toBeGreaterThan(23 * HOUR);
  expect(bench.clock.now() - began).toBeLessThanOrEqual(24 * HOUR);
  // The back-off grows, so a day takes hundreds of attempts and not thousands.
  expect(bench.sent.length).toBeLessThan(400);
});

it('asks a server that cannot be reached now and then only, however much is waiting', async () => {
  bench.answer = () => ({ kind: 'unreachable', words: 'connect ECONNREFUSED' });
  for (let i = 0; i < 100; i++) await bench.queue({ to: `p${i}@example.org` });
  bench.start();
  await bench.until(() => bench.sent.length > 0);
  await bench.clock.advance(MINUTE);
  expect(bench.sent.length).toBeLessThanOrEqual(60);
});

it('a slow mail holds up no other, and is cut off in the end', async () => {
  bench.answer = ({ subject }) => (subject === 'slow' ? new Promise(() => {}) : { kind: 'sent', answer: '250 ok' });
  await bench.queue({ subject: 'slow' });
  for (let i = 0; i < 10; i++) await bench.queue({ subject: 'quick' });
  bench.start();
  await bench.until(async () => (await bench.rows()).filter(({ state }) => state === 'sent').length === 10);
  expect(bench.sent.filter(({ subject }) => subject === 'slow')).toHaveLength(1);
  await bench.clock.advance(MINUTE);
  await bench.until(async () => (await bench.rows()).some(({ last_error }) => last_error.includes('took too long')));
});

it('keeps headers out of the subject', async () => {
  await bench.queue({ subject: 'Hi\r\nBcc: eve@example.org\u2028\u202e', to: 'ada@example.org' });
  expect((await bench.rows())[0]?.subject).toBe('Hi Bcc: eve@example.org');
});
