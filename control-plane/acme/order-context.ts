import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { DnsDeps } from '../dns/dns-provider.ts';
import type { Logger } from '../log.ts';
import { type CertificateClaim, heldChange, type ManagedChange } from '../store/managed-certificates.ts';
import type { Row } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Accounts } from './accounts.ts';

/** How long things are waited for before an order is set aside to be taken up again, milliseconds. */
export interface Patience {
  /** Until the nginx hosts of a site answer a challenge. */
  hostsMs: number;
  /** Until the servers of a zone have a record. */
  dnsMs: number;
  /** Until an authority has looked, or signed. */
  authorityMs: number;
}

/** What work on certificates is done with. */
export interface AcmeDeps extends DnsDeps {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  accounts: Accounts;
  patience: Patience;
  /** Milliseconds after which the certificates of a silent replica go to another. */
  leaseMs: number;
  /** Told of each order that has ended: "issued" or the kind of its failure. */
  onOrder?: ((result: string) => void) | undefined;
}

/** Work on one certificate, held by a lease. */
export class OrderContext {
  readonly deps: AcmeDeps;
  readonly claim: CertificateClaim;
  readonly domain: Row<'domains'>;
  readonly signal: AbortSignal;
  readonly dnsNames: readonly string[];
  /** Whoever had it before has stopped by then; milliseconds since the epoch. */
  readonly claimedAt: number;
  #progress = '';

  constructor(deps: AcmeDeps, claim: CertificateClaim, domain: Row<'domains'>, signal: AbortSignal) {
    this.deps = deps;
    this.claim = claim;
    this.domain = domain;
    this.signal = signal;
    this.dnsNames = JSON.parse(claim.row.dns_names);
    this.claimedAt = deps.clock.now();
  }

  /** Writes to the row, and whatever else belongs with it. @throws CertificateLost */
  write<T = void>(work: (tx: Tx) => Promise<{ change: ManagedChange; result: T }>): Promise<T> {
    return heldChange(this.deps.store, this.claim, this.deps.leaseMs, work);
  }

  /** Says what is waited for, on the domain's page. */
  async progress(text: string): Promise<void> {
    if (text === this.#progress) return;
    this.#progress = text;
    await this.write(async () => ({ change: { state: 'ordering', progress: text.slice(0, 500) }, result: undefined }));
  }

  /** @throws with the signal's reason when the work is to stop */
  pause(ms: number): Promise<void> {
    return delay(this.deps.clock, ms, this.signal);
  }
}
