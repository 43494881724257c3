import { seededRandom } from '@berth/proto/contract/random.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import pino from 'pino';
import { openStore } from '../../store/open.ts';
import type { Row } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import { lockMailSettings, writeMailSettings } from '../mail-settings.ts';
import { startOutbox } from '../outbox.ts';
import { type Mail, queueMail } from '../queue-mail.ts';
import type { Delivery, OutgoingMail, SendMail } from '../smtp.ts';

const PATIENCE_MS = 48 * 3_600_000;

/** A store with virtual time, mail that is set up, and outboxes that send to a scripted server. */
export interface MailBench {
  store: Store;
  clock: VirtualClock;
  /** What was handed to the mail server, in order. */
  sent: OutgoingMail[];
  /** What the server says; it takes everything at first. */
  answer: (mail: OutgoingMail) => Delivery | Promise<Delivery>;
  /** Changes the mail server; none: mail is not set up. */
  setUp(host: string): Promise<void>;
  queue(mail?: Partial<Mail>): Promise<string | undefined>;
  /** Starts one more outbox. */
  start(pollMs?: number): void;
  rows(): Promise<Row<'outgoing_mails'>[]>;
  /** Moves time on until the condition holds, letting real databases answer meanwhile. */
  until(condition: () => Promise<boolean> | boolean, stepMs?: number): Promise<void>;
  /** Moves time on until every mail is sent or given up. */
  settled(stepMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a bench on a database, by default one in memory. */
export async function openMailBench(url = 'sqlite::memory:'): Promise<MailBench> {
  const clock = new VirtualClock();
  const store = await openStore({ url, masterKey: new Uint8Array(32), clock });
  const running: { stop(): Promise<void> }[] = [];
  const bench: MailBench = {
    store,
    clock,
    sent: [],
    answer: () => ({ kind: 'sent', answer: '250 ok' }),
    setUp: (host) =>
      store.transaction(async (tx) =>
        writeMailSettings(tx, { ...(await lockMailSettings(tx)), host, senderAddress: 'berth@example.org' }),
      ),
    queue: (mail = {}) =>
      store.transaction((tx) => queueMail(tx, { to: 'ada@example.org', subject: 'Hello', text: 'A link', ...mail })),
    start(pollMs = 5_000) {
      const send: SendMail = (_account, mail, signal) => {
        bench.sent.push(mail);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'unreachable', words: signal.reason.message }));
          void Promise.resolve(bench.answer(mail)).then(resolve);
        });
      };
      const log = pino({ level: 'silent' });
      running.push(startOutbox({ store, clock, random: seededRandom(3), log, send, pollMs }));
    },
    rows: () => store.db.selectFrom('outgoing_mails').selectAll().orderBy('id').execute(),
    until: (condition, stepMs = 1_000) => until(clock, condition, stepMs),
    settled: (stepMs) =>
      bench.until(
        async () => (await bench.rows()).every(({ state }) => state === 'sent' || state === 'failed'),
        stepMs,
      ),
    async close() {
      await Promise.all(running.map((outbox) => outbox.stop()));
      await store.close();
    },
  };
  await bench.setUp('mail.example');
  return bench;
}

async function until(clock: VirtualClock, condition: () => Promise<boolean> | boolean, stepMs: number): Promise<void> {
  for (const end = clock.now() + PATIENCE_MS; clock.now() < end; await clock.advance(stepMs)) {
    for (let look = 0; look < 20; look++) {
      if (await condition()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  throw new Error('waited in vain');
}
