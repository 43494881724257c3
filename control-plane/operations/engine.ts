/**
 * Runs operations. An operation is a row with steps as rows; its saga, in code, says for each step how to do it and
 * how to take it back. An engine claims open operations by lease, writes each step before and after it runs, and so
 * leaves rows from which any other engine can carry on after a crash. When a step fails for good, the steps begun so
 * far are undone in reverse order, each repeated until it succeeds: what cannot be undone yet stays visible as an
 * operation that is being undone, never as a leftover. The feed tells when there is something to claim; a slow poll
 * finds what the feed lost and what a dead engine left behind.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Logger } from '../log.ts';
import { type Claim, claimOperations, LeaseLost, releaseLease, renewLease, voidLeases } from '../store/operations.ts';
import type { Store } from '../store/store.ts';
import { OperationRun, type RunDeps, type Transition } from './operation-run.ts';
import type { Saga } from './saga.ts';

export interface EngineOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
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
}

/** A running engine. */
export interface Engine {
  start(): Promise<void>;
  /** Stops at the next write of each operation and gives them back. */
  stop(): Promise<void>;
}

interface Held {
  abort: AbortController;
  finished: Promise<void>;
}

/** Makes an engine that has not begun yet. */
export function createEngine(options: EngineOptions): Engine {
  const { store, clock, owner, leaseMs = 15_000, pollMs = 2_000, concurrency = 500 } = options;
  const sagas = new Map(options.sagas.map((saga) => [saga.kind, saga]));
  const deps: RunDeps = { ...options, leaseMs, pollMs, onTransition: options.onTransition ?? (() => {}) };
  const held = new Map<string, Held>();
  const log = options.log;
  let stopped = true;
  let scanning: Promise<void> | undefined;
  let again = false;
  let unsubscribe = () => {};
  let cancelPoll = () => {};

  function hold(claim: Claim): void {
    const abort = new AbortController();
    const endRenewal = renewing(claim, abort);
    const finished = OperationRun.carryOn(deps, claim, sagas, abort.signal)
      .catch((error: unknown) => giveUp(claim, abort, error))
      .finally(() => {
        endRenewal();
        held.delete(claim.id);
        scan();
      });
    held.set(claim.id, { abort, finished });
  }

  /** The rows stay as they are; after a stop they are free at once, after an error when the lease has run out. */
  async function giveUp(claim: Claim, abort: AbortController, error: unknown): Promise<void> {
    if (error instanceof LeaseLost || abort.signal.reason instanceof LeaseLost) {
      log.info({ operation: claim.id }, 'another replica carries on');
    } else if (stopped && abort.signal.aborted) {
      await releaseLease(store, claim).catch((err: unknown) => log.warn({ err }, 'could not give an operation back'));
    } else {
      log.error({ err: error, operation: claim.id }, 'an operation stopped and will be taken up again');
    }
  }

  function renewing(claim: Claim, abort: AbortController): () => void {
    let cancel = () => {};
    const renew = async () => {
      try {
        if (!(await renewLease(store, claim, leaseMs))) return abort.abort(new LeaseLost(claim.id));
      } catch (err) {
        log.warn({ err, operation: claim.id }, 'could not prolong a lease');
      }
      arm();
    };
    const arm = () => {
      if (!abort.signal.aborted && held.has(claim.id)) cancel = clock.after(leaseMs / 3, () => void renew());
    };
    cancel = clock.after(leaseMs / 3, () => void renew());
    return () => cancel();
  }

  /** At most one scan at a time; what is asked for meanwhile becomes one more. */
  function scan(): void {
    again = true;
    scanning ??= (async () => {
      while (again && !stopped) {
        again = false;
        const free = concurrency - held.size;
        if (free > 0) for (const claim of await claimOperations(store, owner, leaseMs, free)) hold(claim);
      }
    })()
      .catch((err: unknown) => log.warn({ err }, 'could not look for operations'))
      .finally(() => {
        scanning = undefined;
        if (again && !stopped) scan();
      });
  }

  function poll(): void {
    scan();
    cancelPoll = clock.after(pollMs, poll);
  }

  return {
    async start() {
      stopped = false;
      // SQLite has one control plane only, so a lease found at the start is that of a former self.
      if (store.dialect === 'sqlite') await voidLeases(store);
      unsubscribe = store.feed.subscribe((topic) => {
        if (topic.kind === 'operation' && !held.has(topic.id)) scan();
      });
      poll();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      cancelPoll();
      for (const { abort } of held.values()) abort.abort(new Error('the engine stops'));
      await Promise.all([...held.values()].map(({ finished }) => finished));
      await scanning;
    },
  };
}
