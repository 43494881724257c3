/**
 * Sends what is queued. Every replica has an outbox; a mail is sent by the one that claims its row. What the mail
 * server refuses for good is given up at once; what it puts off, and what cannot reach it, is tried again after a
 * back-off with full jitter until the mail is of no use any more, at most a day after it was queued. Either way the
 * row keeps the server's own words.
 */

import { fullJitter } from '@berth/proto/contract/backoff.ts';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { inLogScope } from '@berth/proto/contract/log-scope.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { backgroundScope, type Logger } from '../log.ts';
import { createWaker } from '../operations/waker.ts';
import { readInstallation } from '../store/installation.ts';
import { claimMail, type MailClaim, type MailOutcome, releaseMails, settleMail } from '../store/outgoing-mails.ts';
import type { Store } from '../store/store.ts';
import { type Letter, openLetter } from './letter.ts';
import { type MailAccount, readMailAccount } from './mail-settings.ts';
import type { Delivery, SendMail } from './smtp.ts';

export interface OutboxOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  send: SendMail;
  /** Told of each attempt: "sent", "put_off" or "failed" for good. */
  onMail?: ((result: string) => void) | undefined;
  /** Milliseconds between two looks when the feed is silent; default 5 s. */
  pollMs?: number;
}

const POLL_MS = 5_000;
/** Mails at the same time, so that a slow one holds up no other. */
const LANES = 4;
/** The whole of an attempt, in milliseconds; well within the lease. */
const ATTEMPT_MS = 60_000;
const LEASE_MS = 120_000;
/** What is under way when the outbox is to stop has this long to end. */
const GRACE_MS = 5_000;
const BACKOFF = { baseMs: 10_000, capMs: 900_000 };
/** So that no attempt follows the one before at once. */
const LEAST_WAIT_MS = 1_000;

/** Starts sending. */
export function startOutbox(options: OutboxOptions): { stop(): Promise<void> } {
  const outbox = new Outbox(options);
  const running = outbox.run();
  return {
    async stop() {
      outbox.stop();
      await running;
    },
  };
}

class Outbox {
  readonly #options: OutboxOptions;
  readonly #stopping = new AbortController();
  /** Cuts off what is under way. */
  readonly #cut = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopping.abort();
    this.#options.clock.after(GRACE_MS, () => this.#cut.abort(new Error('the control plane stops')));
  }

  async run(): Promise<void> {
    const { store, log } = this.#options;
    // SQLite has one control plane only, so what is being sent at the start was being sent by a former self.
    if (store.dialect === 'sqlite') {
      await releaseMails(store).catch((err: unknown) => log.warn({ err }, 'mails wait for a former self'));
    }
    await Promise.all(Array.from({ length: LANES }, () => this.#lane()));
  }

  async #lane(): Promise<void> {
    const { store, clock, log, pollMs = POLL_MS } = this.#options;
    const { signal } = this.#stopping;
    const waker = createWaker(store.feed, clock, pollMs, (topic) => topic.kind === 'mail');
    while (!signal.aborted) {
      try {
        const send = () => inLogScope(backgroundScope('mail', clock.now()), () => this.#sendOne());
        while (!signal.aborted && (await send()));
      } catch (err) {
        log.warn({ err }, 'could not look for mail to send');
      }
      await waker.next(signal).catch(() => undefined);
    }
    waker.close();
  }

  /** @returns whether there may be more that gets through */
  async #sendOne(): Promise<boolean> {
    const { store } = this.#options;
    const account = await readMailAccount(store);
    const claim = account && (await claimMail(store, LEASE_MS));
    if (!claim) return false;
    const { publicName } = await readInstallation(store.db);
    return (await this.#send(account, publicName, claim)).kind !== 'unreachable';
  }

  async #send(account: MailAccount, senderName: string, claim: MailClaim): Promise<Delivery> {
    const { store, log } = this.#options;
    const letter = openLetter(store.secrets, claim.id, claim.body_box);
    const delivery = await this.#attempt(account, senderName, claim, letter);
    const outcome = this.#outcomeOf(claim, letter, delivery);
    this.#options.onMail?.(outcome.state === 'queued' ? 'put_off' : outcome.state);
    const stood = await settleMail(store, claim, outcome);
    if (!stood) log.warn({ mail: claim.id }, 'a mail was taken for dead while it was being sent');
    else if (outcome.state === 'failed') log.warn({ mail: claim.id, why: outcome.error }, 'a mail was given up');
    return delivery;
  }

  async #attempt(account: MailAccount, senderName: string, claim: MailClaim, letter: Letter): Promise<Delivery> {
    const { clock, send } = this.#options;
    const { text, messageId, until } = letter;
    if (until <= clock.now()) return { kind: 'refused', words: claim.last_error || 'It could not be sent in time.' };
    const late = new AbortController();
    const cancel = clock.after(ATTEMPT_MS, () => late.abort(new Error('The mail server took too long.')));
    const mail = { recipient: claim.recipient, subject: claim.subject, text, messageId, senderName };
    const delivery = await send(account, mail, AbortSignal.any([late.signal, this.#cut.signal]));
    cancel();
    return delivery;
  }

  #outcomeOf({ attempts }: MailClaim, { until }: Letter, delivery: Delivery): MailOutcome {
    if (delivery.kind === 'sent') return { state: 'sent' };
    const error = delivery.words;
    const { clock, random } = this.#options;
    const nextAttemptAt = clock.now() + Math.max(LEAST_WAIT_MS, fullJitter(BACKOFF, attempts - 1, random));
    const over = delivery.kind === 'refused' || nextAttemptAt >= until;
    return over ? { state: 'failed', error } : { state: 'queued', error, nextAttemptAt };
  }
}
