/**
 * Keeps public records as the names of services wish them. Every replica plans and works; a record is worked on by the
 * one that claims its row. A change of a service is planned as soon as the feed tells of it; what is foreign is looked
 * at again every few minutes, what failed after a back-off, and what is there once an hour, so that it heals.
 */

import { fullJitter } from '@berth/proto/contract/backoff.ts';
import { delay } from '@berth/proto/contract/clock.ts';
import { inLogScope } from '@berth/proto/contract/log-scope.ts';
import { AppError } from '../../errors.ts';
import { backgroundScope, type Logger } from '../../log.ts';
import { createWaker } from '../../operations/waker.ts';
import { noteProviderError } from '../../store/dns-providers.ts';
import {
  claimDnsRecord,
  type RecordOutcome,
  releaseDnsRecords,
  settleDnsRecord,
  sitesOfDomains,
  sitesWithRecords,
} from '../../store/dns-records.ts';
import type { Row } from '../../store/schema.ts';
import type { DnsDeps, DnsProvider } from '../dns-provider.ts';
import { isForeign, refused } from '../failures.ts';
import { openDnsProvider } from '../open-dns-provider.ts';
import { within } from '../within.ts';
import { planSite } from './plan-records.ts';

export interface PublicRecordsOptions extends DnsDeps {
  log: Logger;
  /** Tells this process from others. */
  owner: string;
}

const POLL_MS = 5_000;
/** So that a burst of changes is one plan. */
const GATHER_MS = 250;
/** All sites are planned this often, should the feed have lost something. */
const PLAN_ALL_MS = 60_000;
const LANES = 4;
/** The whole of an attempt; well within the lease. */
const ATTEMPT_MS = 60_000;
const LEASE_MS = 120_000;
const TTL_SECONDS = 300;
const BACKOFF = { baseMs: 5_000, capMs: 1_800_000 };
const LEAST_WAIT_MS = 2_000;
const FOREIGN_MS = 300_000;
const PRESENT_MS = 3_600_000;

/** Starts keeping records. */
export function keepPublicRecords(options: PublicRecordsOptions): { stop(): Promise<void> } {
  const keeper = new Keeper(options);
  const running = keeper.run();
  return {
    async stop() {
      keeper.stop();
      await running;
    },
  };
}

class Keeper {
  readonly #options: PublicRecordsOptions;
  readonly #stopping = new AbortController();
  readonly #moved = new Set<string>();
  readonly #movedDomains = new Set<string>();

  constructor(options: PublicRecordsOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopping.abort(new Error('the control plane stops'));
  }

  async run(): Promise<void> {
    const { store, log } = this.#options;
    if (store.dialect === 'sqlite') {
      await releaseDnsRecords(store).catch((err: unknown) => log.warn({ err }, 'records wait for a former self'));
    }
    await Promise.all([this.#plan(), ...Array.from({ length: LANES }, () => this.#lane())]);
  }

  async #plan(): Promise<void> {
    const { store, clock } = this.#options;
    const { signal } = this.#stopping;
    const forget = store.feed.subscribe((topic) => {
      if (topic.kind === 'site') this.#moved.add(topic.id);
      if (topic.kind === 'domain') this.#movedDomains.add(topic.id);
    });
    const waker = createWaker(store.feed, clock, POLL_MS, ({ kind }) => kind === 'site' || kind === 'domain');
    for (let allAt = 0; !signal.aborted; ) {
      const all = clock.now() >= allAt;
      if (all) allAt = clock.now() + PLAN_ALL_MS;
      await this.#planMoved(all);
      await waker.next(signal).catch(() => undefined);
      await delay(clock, GATHER_MS, signal).catch(() => undefined);
    }
    waker.close();
    forget();
  }

  async #planMoved(all: boolean): Promise<void> {
    const { store, log } = this.#options;
    const domains = [...this.#movedDomains];
    this.#movedDomains.clear();
    const moved = new Set(this.#moved);
    this.#moved.clear();
    try {
      for (const siteId of await sitesOfDomains(store.db, domains)) moved.add(siteId);
      const known = new Set(await sitesWithRecords(store.db));
      for (const siteId of all ? known : [...moved].filter((id) => known.has(id))) {
        await planSite(store, siteId);
      }
    } catch (err) {
      for (const siteId of moved) this.#moved.add(siteId);
      for (const id of domains) this.#movedDomains.add(id);
      log.warn({ err }, 'public records could not be planned');
    }
  }

  async #lane(): Promise<void> {
    const { store, clock, log } = this.#options;
    const { signal } = this.#stopping;
    const waker = createWaker(store.feed, clock, POLL_MS, ({ kind }) => kind === 'dns');
    while (!signal.aborted) {
      try {
        const work = () => inLogScope(backgroundScope('public-record', clock.now()), () => this.#workOnOne());
        while (!signal.aborted && (await work()));
      } catch (err) {
        log.warn({ err }, 'could not look for public records to keep');
      }
      await waker.next(signal).catch(() => undefined);
    }
    waker.close();
  }

  /** @returns whether there may be more to do */
  async #workOnOne(): Promise<boolean> {
    const { store, owner, log } = this.#options;
    const claim = await claimDnsRecord(store, owner, LEASE_MS);
    if (!claim) return false;
    const outcome = await this.#attempt(claim);
    if (outcome.state === 'failed') log.warn({ record: claim.name, why: outcome.problem }, 'a public record failed');
    await store.transaction(async (tx) => {
      await settleDnsRecord(tx, claim, outcome);
      await noteProviderError(tx, claim.dns_provider_id, outcome.state === 'failed' ? outcome.problem : '');
      // Its place may be wanted at another provider.
      if (outcome.state === 'gone') tx.nudge({ kind: 'site', id: claim.site_id });
    });
    return true;
  }

  async #attempt(row: Row<'dns_records'>): Promise<RecordOutcome> {
    const { store, clock } = this.#options;
    const bounds = { clock, ms: ATTEMPT_MS, who: 'The DNS provider' };
    try {
      const query = store.db.selectFrom('dns_providers').selectAll().where('id', '=', row.dns_provider_id);
      const provider = openDnsProvider(this.#options, await query.executeTakeFirstOrThrow(), row.site_id);
      return await within(bounds, this.#stopping.signal, (signal) => this.#bring(row, provider, signal));
    } catch (error) {
      return this.#setBack(row, error);
    }
  }

  async #bring(row: Row<'dns_records'>, { addresses }: DnsProvider, signal: AbortSignal): Promise<RecordOutcome> {
    if (!addresses) {
      if (row.wanted === 0) return { state: 'gone' };
      throw refused('The DNS provider', 'it is for challenges only.');
    }
    const record = { fqdn: row.name, type: row.type, value: row.value, ttlSeconds: TTL_SECONDS };
    if (row.wanted === 0) {
      await addresses.remove(record, row.record ?? '{}', signal);
      return { state: 'gone' };
    }
    const handle = await addresses.put(record, signal);
    return { state: 'present', record: handle, nextTryAt: this.#in(PRESENT_MS) };
  }

  #setBack({ failures }: Row<'dns_records'>, error: unknown): RecordOutcome {
    const { clock, random, log } = this.#options;
    if (isForeign(error)) return { state: 'foreign', problem: error.message, nextTryAt: this.#in(FOREIGN_MS) };
    const known = error instanceof AppError;
    if (!known && !this.#stopping.signal.aborted) log.error({ err: error }, 'a public record could not be kept');
    const problem = known ? error.message : 'Something went wrong here; the log of the control plane tells more.';
    const asked = known ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
    const wait = Math.max(LEAST_WAIT_MS, asked, fullJitter(BACKOFF, failures, random));
    return { state: 'failed', problem, nextTryAt: clock.now() + (this.#stopping.signal.aborted ? 0 : wait) };
  }

  /** Spread by a quarter to either side. */
  #in(ms: number): number {
    const { clock, random } = this.#options;
    return clock.now() + Math.floor(ms * (0.75 + random() / 2));
  }
}
