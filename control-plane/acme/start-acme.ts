import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { DnsPort } from '../dns/dns-provider.ts';
import type { Logger } from '../log.ts';
import { type Reconciler, startReconcilers } from '../reconcilers/driver.ts';
import type { Store } from '../store/store.ts';
import { Accounts } from './accounts.ts';
import { DomainFollower } from './follow-domains.ts';
import { CertificateKeeper } from './keep-certificates.ts';
import type { AcmeDeps, Patience } from './order-context.ts';
import { tellWebhook } from './tell-webhook.ts';
import { warnOfEnds } from './warn-of-ends.ts';

export interface AcmeOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  dns: DnsPort;
  /** Unique among all replicas, at most 50 characters. */
  owner: string;
  /** Where the pages are, for mails. */
  publicUrl: string;
  onOrder?: AcmeDeps['onOrder'];
  patience?: Partial<Patience>;
  /** Orders at the same time; default 100. */
  concurrency?: number;
  leaseMs?: number;
  pollMs?: number;
  /** Milliseconds between two looks for ends to warn of, and for calls of the webhook; default 5 min and 10 s. */
  warnings?: { lookMs: number; tellMs: number };
}

const PATIENCE: Patience = { hostsMs: 60_000, dnsMs: 600_000, authorityMs: 600_000 };
/**
 * Most of an order is waiting for hosts, which take all challenges that are there in one reload: many at a time cost
 * them no more than few. Requests to an authority are bounded by the transport.
 */
const CONCURRENCY = 100;
const LEASE_MS = 15_000;
const POLL_MS = 2_000;
const WARNINGS = { lookMs: 300_000, tellMs: 10_000 };

function reconcilersOf({ store, random, publicUrl, warnings = WARNINGS }: AcmeOptions): Reconciler[] {
  return [
    { name: 'certificate-warnings', everyMs: warnings.lookMs, run: () => warnOfEnds({ store, publicUrl }) },
    { name: 'certificate-webhook', everyMs: warnings.tellMs, run: () => tellWebhook({ store, random }) },
  ];
}

/** Starts keeping certificates valid. */
export async function startAcme(options: AcmeOptions): Promise<{ stop(): Promise<void> }> {
  const { store, clock, random, log, dns, owner, onOrder } = options;
  const stopping = new AbortController();
  const accounts = new Accounts({ store, clock, signal: stopping.signal });
  const { concurrency = CONCURRENCY, leaseMs = LEASE_MS, pollMs = POLL_MS } = options;
  const deps = {
    store,
    clock,
    random,
    log,
    dns,
    accounts,
    leaseMs,
    onOrder,
    patience: { ...PATIENCE, ...options.patience },
  };
  const keeper = new CertificateKeeper({ ...deps, owner, concurrency, pollMs });
  const follower = new DomainFollower(deps);
  const warnings = startReconcilers({ store, clock, random, log }, reconcilersOf(options));
  await keeper.start();
  follower.start();
  return {
    async stop() {
      await Promise.all([warnings.stop(), follower.stop()]);
      await keeper.stop(() => stopping.abort(new Error('the control plane stops')));
      accounts.close();
    },
  };
}
