/**
 * Keeps certificates valid. Every replica looks for what is due and takes it by lease, so that there is one order at a
 * time for a name, and a bounded number of orders at a time: most of an order is waiting, for hosts, for servers of
 * names, for the authority. An order stands in its row at every moment, so whoever takes over goes on with it; see
 * `place-order.ts`. What goes wrong is written into the row with the next try; nothing here is repeated in memory.
 */

import { randomBytes } from 'node:crypto';
import { inLogScope } from '@berth/proto/contract/log-scope.ts';
import { backgroundScope } from '../log.ts';
import {
  type CertificateClaim,
  CertificateLost,
  claimCertificates,
  heldChange,
  prolongClaim,
  voidClaims,
} from '../store/managed-certificates.ts';
import type { AcmeDeps } from './order-context.ts';
import { workOn } from './work-on.ts';

export interface KeeperOptions extends AcmeDeps {
  /** Unique among all replicas, at most 50 characters. */
  owner: string;
  /** Orders at the same time. */
  concurrency: number;
  /** Milliseconds between two looks when the feed is silent. */
  pollMs: number;
}

interface Held {
  claim: CertificateClaim;
  abort: AbortController;
  finished: Promise<void>;
}

/** Lets what comes at once be looked at once, milliseconds. */
const GATHER_MS = 50;

/** Works on whatever is due. */
export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #held = new Map<string, Held>();
  #stopped = true;
  #scanning: Promise<void> | undefined;
  #planned: { at: number; cancel: () => void } | undefined;
  #again = false;
  #unsubscribe = () => {};

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store } = this.#options;
    this.#stopped = false;
    // SQLite has one control plane only, so a lease found at the start is that of a former self.
    if (store.dialect === 'sqlite') await voidClaims(store);
    this.#unsubscribe = store.feed.subscribe(({ kind }) => {
      if (kind === 'domain') this.#plan(GATHER_MS);
    });
    this.#plan(0);
  }

  /** Stops where each order stands and gives them back. @param cut called once nothing new is begun: ends requests */
  async stop(cut: () => void): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#planned?.cancel();
    await this.#scanning;
    for (const { abort } of this.#held.values()) abort.abort(new Error('the control plane stops'));
    cut();
    await Promise.all([...this.#held.values()].map(({ finished }) => finished));
  }

  /** At most one look at a time; what is asked for meanwhile becomes one more. */
  #plan(ms: number): void {
    if (this.#stopped) return;
    if (this.#scanning) {
      this.#again = true;
      return;
    }
    const { clock } = this.#options;
    const at = clock.now() + ms;
    // A stream of changes must not put off the look for ever.
    if (this.#planned && this.#planned.at <= at) return;
    this.#planned?.cancel();
    this.#planned = { at, cancel: clock.after(ms, () => this.#scan()) };
  }

  #scan(): void {
    const { log, pollMs } = this.#options;
    this.#again = false;
    this.#planned = undefined;
    this.#scanning = this.#claimDue()
      .catch((err: unknown) => log.warn({ err }, 'could not look for certificates that are due'))
      .finally(() => {
        this.#scanning = undefined;
        this.#plan(this.#again ? GATHER_MS : pollMs);
      });
  }

  async #claimDue(): Promise<void> {
    const { store, owner, leaseMs, concurrency } = this.#options;
    const limit = concurrency - this.#held.size;
    if (limit <= 0) return;
    const marks = () => `${owner}/${randomBytes(9).toString('base64url')}`;
    for (const claim of await claimCertificates(store, { marks, leaseMs, limit })) this.#hold(claim);
  }

  #hold(claim: CertificateClaim): void {
    const abort = new AbortController();
    const endRenewal = this.#prolonging(claim, abort);
    const scope = backgroundScope('certificate', this.#options.clock.now());
    const finished = inLogScope(scope, () => workOn(this.#options, claim, abort.signal))
      .catch((error: unknown) => this.#giveUp(claim, abort, error))
      .finally(() => {
        endRenewal();
        this.#held.delete(claim.mark);
        this.#plan(0);
      });
    this.#held.set(claim.mark, { claim, abort, finished });
  }

  /** The row stays as it is; after a stop it is free at once, after an error when the lease has run out. */
  async #giveUp(claim: CertificateClaim, { signal }: AbortController, error: unknown): Promise<void> {
    const { store, log } = this.#options;
    const certificate = claim.row.name;
    if (error instanceof CertificateLost || signal.reason instanceof CertificateLost) {
      log.info({ certificate }, 'another holder carries on with a certificate');
    } else if (this.#stopped && signal.aborted) {
      await heldChange(store, claim, 0, async () => ({ change: {}, result: undefined })).catch((err: unknown) =>
        log.warn({ err, certificate }, 'could not give a certificate back'),
      );
    } else {
      log.error({ err: error, certificate }, 'work on a certificate stopped and will be taken up again');
    }
  }

  /** Prolongs the lease at a third of its time, until the returned function is called. */
  #prolonging(claim: CertificateClaim, abort: AbortController): () => void {
    const { store, clock, leaseMs, log } = this.#options;
    let cancel = () => {};
    let over = false;
    const prolong = async () => {
      try {
        if (!(await prolongClaim(store, claim, leaseMs))) return abort.abort(new CertificateLost(claim.id));
      } catch (err) {
        log.warn({ err, certificate: claim.row.name }, 'could not prolong a lease');
      }
      if (!over && !abort.signal.aborted) arm();
    };
    const arm = () => {
      cancel = clock.after(leaseMs / 3, () => void prolong());
    };
    arm();
    return () => {
      over = true;
      cancel();
    };
  }
}
