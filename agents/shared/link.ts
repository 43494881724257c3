/**
 * Keeps one session open for as long as the agent runs. A session that breaks is tried again after a time drawn from a
 * growing interval; a renewed certificate opens the new session before the old one is closed, so that a
 * renewal is no outage.
 */

import type { RenewResponse } from '@berth/proto/agent/v1/session_pb.js';
import { backoffCeiling, fullJitter } from '@berth/proto/contract/backoff.ts';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Agent } from './agent.ts';
import { Connection, type ConnectionEnd } from './connection.ts';
import { newKey, requestFor } from './csr.ts';
import { type Identity, type IdentityStore, lifeOf } from './identity.ts';
import type { Logger } from './logger.ts';
import { renewalTime } from './renewal.ts';
import type { Keepalive } from './session-client.ts';

/** The longest wait is what a site waits after an outage; so many tries at a closed port cost nobody anything. */
const RECONNECT = { baseMs: 200, capMs: 10_000 };
const RENEW_AGAIN = { leastMs: 1_000, baseMs: 10_000, capMs: 600_000 };
const RENEW_TIMEOUT_MS = 20_000;

/** Milliseconds after which a plan is looked at again: timers of years overflow. */
const LONGEST_TIMER_MS = 86_400_000;

/** Milliseconds that a session lasts at the least for the tries before it to be forgotten. */
const STABLE_MS = 2_000;

/** What a link needs. */
export interface LinkOptions {
  agent: Agent;
  identities: IdentityStore;
  clock: Clock;
  random: Random;
  log: Logger;
  /** 10 s + 5 s by default. */
  keepalive?: Keepalive;
}

/** The link of one agent to its control plane. */
export class Link {
  readonly #options: LinkOptions;
  readonly #keepalive: Keepalive;
  readonly #stop = new AbortController();
  #identity: Identity;
  #connection: Connection | undefined;
  #handOver: Promise<void> | undefined;
  #cancelRenewal: () => void = () => {};
  #failures = 0;
  #renewAtMs: number | undefined;

  constructor(options: LinkOptions, identity: Identity) {
    this.#options = options;
    this.#identity = identity;
    this.#keepalive = options.keepalive ?? { intervalMs: 10_000, timeoutMs: 5_000 };
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    this.#planRenewal();
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const end = await this.#hold();
      failures = failuresBefore(end, failures);
      if (!this.#stop.signal.aborted) await this.#pause(end, failures);
      failures += 1;
    }
  }

  /** Closes the session and ends `run`. */
  stop(): void {
    this.#stop.abort();
    this.#cancelRenewal();
    this.#connection?.close('the agent stops');
  }

  /** Trusts these authorities from now on, as of the next connection. */
  async trust(caBundlePem: string): Promise<void> {
    await this.#keep({ ...this.#identity, caBundlePem });
  }

  /** Gets a new certificate now and moves the session over to it. */
  async renew(): Promise<void> {
    this.#cancelRenewal();
    try {
      const keyPem = await newKey();
      const connection = this.#connection;
      if (!connection) throw new Error('there is no connection');
      const renewed = await connection.client.renew(await requestFor(keyPem), RENEW_TIMEOUT_MS);
      await this.#keep(renewedIdentity(this.#identity, keyPem, renewed));
      this.#failures = 0;
      this.#renewAtMs = undefined;
      this.#options.agent.finding('certificate', undefined);
      await this.#moveOver();
    } catch (error) {
      this.#renewalFailed(error);
    }
    this.#planRenewal();
  }

  /** Holds a session until it ends without another having taken its place. */
  async #hold(): Promise<ConnectionEnd> {
    try {
      let connection = this.#connect();
      this.#connection = connection;
      for (;;) {
        const end = await connection.ended;
        await this.#handOver;
        if (this.#connection === connection) return end;
        connection = this.#connection;
      }
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), sessionMs: 0 };
    } finally {
      this.#connection = undefined;
    }
  }

  #connect(): Connection {
    const { agent, clock, log } = this.#options;
    const connection = new Connection(agent, this.#identity, clock, this.#keepalive);
    void connection.welcomed.then(
      (welcomed) => welcomed && log.info({ agent: this.#identity.agentId }, 'session open'),
    );
    return connection;
  }

  async #pause({ reason, drain }: ConnectionEnd, attempt: number): Promise<void> {
    const { clock, random, log } = this.#options;
    const asked = drain && Math.floor(drain.afterMs + random() * drain.jitterMs);
    const waitMs = asked ?? fullJitter(RECONNECT, attempt, random);
    log.warn({ reason, waitMs }, 'no session');
    this.#options.agent.noteSession(false, reason);
    await delay(clock, waitMs, this.#stop.signal).catch(() => undefined);
  }

  /** The new session first, then the end of the old one; the control plane may end it even before. */
  async #moveOver(): Promise<void> {
    this.#handOver = this.#open();
    await this.#handOver;
    this.#handOver = undefined;
  }

  async #open(): Promise<void> {
    const former = this.#connection;
    if (!former) return;
    const next = this.#connect();
    if (!(await next.welcomed)) return;
    if (this.#connection === former && !this.#stop.signal.aborted) {
      this.#connection = next;
      former.close('moved over to a new certificate');
    } else next.close('overtaken');
  }

  async #keep(identity: Identity): Promise<void> {
    await this.#options.identities.write(identity);
    this.#identity = identity;
  }

  #planRenewal(): void {
    if (this.#stop.signal.aborted) return;
    const { clock, random } = this.#options;
    this.#renewAtMs ??= renewalTime(lifeOf(this.#identity.chainPem), this.#identity.renewAtMs, random);
    const due = Math.max(0, this.#renewAtMs - clock.now());
    const again = this.#failures === 0 ? 0 : RENEW_AGAIN.leastMs + fullJitter(RENEW_AGAIN, this.#failures, random);
    const wait = Math.min(Math.max(due, again), LONGEST_TIMER_MS);
    this.#cancelRenewal = clock.after(wait, () => {
      if (wait < LONGEST_TIMER_MS) void this.renew();
      else this.#planRenewal();
    });
  }

  #renewalFailed(error: unknown): void {
    this.#failures += 1;
    const reason = error instanceof Error ? error.message : String(error);
    const end = new Date(lifeOf(this.#identity.chainPem).notAfterMs).toISOString();
    this.#options.log.warn({ reason, end }, 'the certificate could not be renewed');
    this.#options.agent.finding('certificate', `the certificate, which ends ${end}, could not be renewed: ${reason}`);
  }
}

/**
 * How many failures count after a session: none when it lasted longer than the wait it would be followed by. A shorter
 * one that still lasted is followed by a wait of half its length at the most, so that agents of a control plane that is
 * restarted again and again are connected for most of the time. One that ends every session early is asked less and
 * less often.
 */
function failuresBefore({ sessionMs }: ConnectionEnd, failures: number): number {
  if (sessionMs < STABLE_MS) return failures;
  if (sessionMs >= backoffCeiling(RECONNECT, failures)) return 0;
  return Math.min(failures, Math.floor(Math.log2(sessionMs / 2 / RECONNECT.baseMs)));
}

function renewedIdentity(former: Identity, keyPem: string, renewed: RenewResponse): Identity {
  return {
    ...former,
    keyPem,
    chainPem: renewed.chainPem,
    caBundlePem: renewed.caBundlePem || former.caBundlePem,
    renewAtMs: renewed.renewAt ? timestampMs(renewed.renewAt) : 0,
  };
}
