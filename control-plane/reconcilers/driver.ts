/**
 * Reconcilers compare what is with what should be and put it right, again and again. Each is one idempotent function
 * that runs by itself, spread over time, and whose failure is logged and tried again at its next turn.
 */
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { inLogScope } from '@berth/proto/contract/log-scope.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { DnsPort } from '../dns/dns-provider.ts';
import { backgroundScope, type Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { checkNames, resolverOf } from './check-names.ts';
import { pruneExpired } from './prune-expired.ts';

export interface ReconcilerDeps {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Absent: nothing is looked up. */
  dns?: DnsPort | undefined;
}

/** One thing that is put right again and again. */
export interface Reconciler {
  name: string;
  /** Milliseconds between two runs, give or take a quarter. */
  everyMs: number;
  run(store: Store): Promise<void>;
}

function reconcilersOf({ dns }: ReconcilerDeps): Reconciler[] {
  const always: Reconciler[] = [{ name: 'prune-expired', everyMs: 600_000, run: pruneExpired }];
  // In a closed network names are known to its own clients alone.
  if (!dns || dns.closedNetwork) return always;
  const resolve = resolverOf(dns.resolvers);
  return [...always, { name: 'check-names', everyMs: 1_800_000, run: (store) => checkNames(store, resolve) }];
}

/** Starts every reconciler. */
export function startReconcilers(
  deps: ReconcilerDeps,
  all: readonly Reconciler[] = reconcilersOf(deps),
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = all.map((reconciler) => repeat(deps, reconciler, stopping.signal));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function repeat(deps: ReconcilerDeps, reconciler: Reconciler, signal: AbortSignal): Promise<void> {
  const { clock, random } = deps;
  while (!signal.aborted) {
    await delay(clock, reconciler.everyMs * (0.75 + random() / 2), signal).catch(() => undefined);
    if (!signal.aborted) await inLogScope(backgroundScope(reconciler.name, clock.now()), () => once(deps, reconciler));
  }
}

async function once({ store, log }: ReconcilerDeps, { name, run }: Reconciler): Promise<void> {
  try {
    await run(store);
  } catch (err) {
    log.warn({ err, reconciler: name }, 'a reconciler failed and will run again');
  }
}
