/**
 * Runs operations. An operation is a row with steps as rows; its saga, in code, says for each step how to do it and
 * how to take it back. An engine claims open operations by lease, writes each step before and after it runs, and so
 * leaves rows from which any other engine can carry on after a crash. When a step fails for good, the steps begun so
 * far are undone in reverse order, each repeated until it succeeds: what cannot be undone yet stays visible as an
 * operation that is being undone, never as a leftover. The feed tells when there is something to claim; a slow poll
 * finds what the feed lost and what a dead engine left behind.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import { inLogScope } from '@berth/proto/contract/log-scope.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { LoginsPort } from '../app/app-deps.ts';
import type { Logger } from '../log.ts';
import {
  type Claim,
  claimOperations,
  LeaseLost,
  operationById,
  releaseLease,
  renewLease,
  voidLeases,
} from '../store/operations.ts';
import type { Store } from '../store/store.ts';
import { type EndedOperation, OperationRun, type RunDeps, type Transition } from './operation-run.ts';
import type { Saga } from './saga.ts';

export interface EngineOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  /** What guests are told about logins; absent where no directory is offered to them. */
  logins?: LoginsPort | undefined;
  sagas: readonly Saga[];
  /** Unique among all engines that ever ran on this database, at most 40 characters. */
  owner: string;
  /** Milliseconds after which a silent engine's operations go to another; default 15 s. */
  leaseMs?: number;
  /** Milliseconds between two looks when the feed is silent; default 2 s. */
  pollMs?: number;
  /** Operations at the same time; default 500. Most only wait. */
  concurrency?: number;
  onTransition?: (written: Transition) => void;
  /** Told of each operation that ended here. */
  onEnded?: ((ended: EndedOperation) => void) | undefined;
}

/** A running engine. */
export interface Engine {
  /** Operations it works on. */
  readonly size: number;
  /** Whether it takes operations. */
  readonly running: boolean;
  start(): Promise<void>;
  /** Stops at the next write of each operation and gives them back. */
  stop(): Promise<void>;
}

interface Held {
  claim: Claim;
  abort: AbortController;
  finished: Promise<void>;
  /** Whether somebody is looking up whether the claim still stands. */
  checking: boolean;
}

const DEFAULTS = { leaseMs: 15_000, pollMs: 2_000, concurrency: 500 };

/** Makes an engine that has not begun yet. */
export function createEngine(options: EngineOptions): Engine {
  return new LeasingEngine(options);
}

class LeasingEngine implements Engine {
  readonly #options: EngineOptions & typeof DEFAULTS;
  readonly #sagas: ReadonlyMap<string, Saga>;
  readonly #held = new Map<string, Held>();
  #stopped = true;
  #scanning: Promise<void> | undefined;
  #again = false;
  #unsubscribe = () => {};
  #cancelPoll = () => {};

  constructor(options: EngineOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#sagas = new Map(options.sagas.map((saga) => [saga.kind, saga]));
  }

  get size(): number {
    return this.#held.size;
  }

  get running(): boolean {
    return !this.#stopped;
  }

  async start(): Promise<void> {
    const { store } = this.#options;
    this.#stopped = false;
    // SQLite has one control plane only, so a lease found at the start is that of a former self.
    if (store.dialect === 'sqlite') await voidLeases(store);
    this.#unsubscribe = store.feed.subscribe((topic) => {
      if (topic.kind !== 'operation') return;
      const held = this.#held.get(topic.id);
      if (held) void this.#check(held);
      else this.#scan();
    });
    this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#cancelPoll();
    await this.#scanning;
    for (const { abort } of this.#held.values()) abort.abort(new Error('the engine stops'));
    await Promise.all([...this.#held.values()].map(({ finished }) => finished));
  }

  #poll(): void {
    this.#scan();
    this.#cancelPoll = this.#options.clock.after(this.#options.pollMs, () => this.#poll());
  }

  /** At most one scan at a time; what is asked for meanwhile becomes one more. */
  #scan(): void {
    this.#again = true;
    this.#scanning ??= this.#claimOpen()
      .catch((err: unknown) => this.#options.log.warn({ err }, 'could not look for operations'))
      .finally(() => {
        this.#scanning = undefined;
        if (this.#again && !this.#stopped) this.#scan();
      });
  }

  async #claimOpen(): Promise<void> {
    const { store, owner, leaseMs, concurrency } = this.#options;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const free = concurrency - this.#held.size;
      if (free <= 0) continue;
      for (const claim of await claimOperations(store, owner, leaseMs, free)) this.#hold(claim);
    }
  }

  #hold(claim: Claim): void {
    const abort = new AbortController();
    const held: Held = { claim, abort, checking: false, finished: Promise.resolve() };
    this.#held.set(claim.id, held);
    const deps: RunDeps = { ...this.#options, onTransition: this.#options.onTransition ?? (() => {}) };
    const endRenewal = this.#renewing(held);
    const scope = { requestId: claim.requestId, operation: claim.id };
    const carriedOn = inLogScope(scope, () =>
      OperationRun.carryOn(deps, claim, this.#sagas, abort.signal).catch((error: unknown) => this.#giveUp(held, error)),
    );
    held.finished = carriedOn.finally(() => {
      endRenewal();
      this.#held.delete(claim.id);
      if (!this.#stopped) this.#scan();
    });
  }

  /** The rows stay as they are; after a stop they are free at once, after an error when the lease has run out. */
  async #giveUp({ claim, abort }: Held, error: unknown): Promise<void> {
    const { store, log } = this.#options;
    if (error instanceof LeaseLost || abort.signal.reason instanceof LeaseLost) {
      log.info({ operation: claim.id }, 'another holder carries on');
    } else if (this.#stopped && abort.signal.aborted) {
      await releaseLease(store, claim).catch((err: unknown) => log.warn({ err }, 'could not give an operation back'));
    } else {
      log.error({ err: error, operation: claim.id }, 'an operation stopped and will be taken up again');
    }
  }

  /** Prolongs the lease at a third of its time, until the returned function is called. */
  #renewing(held: Held): () => void {
    const { store, clock, leaseMs, log } = this.#options;
    let cancel = () => {};
    const renew = async () => {
      try {
        if (!(await renewLease(store, held.claim, leaseMs))) return held.abort.abort(new LeaseLost(held.claim.id));
      } catch (err) {
        log.warn({ err, operation: held.claim.id }, 'could not prolong a lease');
      }
      if (!held.abort.signal.aborted && this.#held.has(held.claim.id)) arm();
    };
    const arm = () => {
      cancel = clock.after(leaseMs / 3, () => void renew());
    };
    arm();
    return () => cancel();
  }

  /** Something moved in an operation held here: it may have been taken away, as a cancellation does. */
  async #check(held: Held): Promise<void> {
    if (held.checking) return;
    held.checking = true;
    try {
      const row = await operationById(this.#options.store.db, held.claim.id);
      if (row?.lease_epoch !== held.claim.epoch) held.abort.abort(new LeaseLost(held.claim.id));
    } catch (err) {
      this.#options.log.warn({ err, operation: held.claim.id }, 'could not look whether a lease still stands');
    } finally {
      held.checking = false;
    }
  }
}
