/**
 * Lets certificates follow domains and services: whenever something of a site moves, the rows of its certificates are
 * made to be those that are wanted, and what nobody needs goes. A new name so has its order begun at once, and a slow
 * round over all sites makes up for what the feed lost.
 */

import { strayChallenges } from '../store/acme-challenges.ts';
import type { Topic } from '../store/store.ts';
import { UniqueViolation } from '../store/violations.ts';
import { dropUnused, renewSelfSigned } from './drop-certificates.ts';
import type { AcmeDeps } from './order-context.ts';
import { reconcileManaged } from './reconcile-managed.ts';
import { takeAway } from './take-away-challenges.ts';

/** Changes within this are looked at together, milliseconds. */
const GATHER_MS = 150;
const ROUND_MS = 60_000;

/** Follows every site. */
export class DomainFollower {
  readonly #deps: AcmeDeps;
  readonly #stopping = new AbortController();
  readonly #due = new Set<string>();
  #turn: Promise<void> | undefined;
  #unsubscribe = () => {};
  #cancelRound = () => {};
  #cancelTurn: (() => void) | undefined;

  constructor(deps: AcmeDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#unsubscribe = this.#deps.store.feed.subscribe((topic) => this.#hear(topic));
    this.#round();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the control plane stops'));
    this.#unsubscribe();
    this.#cancelRound();
    this.#cancelTurn?.();
    await this.#turn;
  }

  /** A domain's topic names the domain, whose site is looked up with the turn. */
  #hear({ kind, id }: Topic): void {
    if (kind === 'site' || kind === 'domain') this.#add(`${kind}/${id}`);
  }

  #add(what: string): void {
    this.#due.add(what);
    if (this.#turn || this.#cancelTurn || this.#stopping.signal.aborted) return;
    this.#cancelTurn = this.#deps.clock.after(GATHER_MS, () => this.#begin());
  }

  #begin(): void {
    this.#cancelTurn = undefined;
    const due = [...this.#due];
    this.#due.clear();
    this.#turn = this.#follow(due).finally(() => {
      this.#turn = undefined;
      if (this.#due.size > 0) for (const what of [...this.#due]) this.#add(what);
    });
  }

  async #follow(due: readonly string[]): Promise<void> {
    const { store, log } = this.#deps;
    for (const id of await this.#sitesOf(due).catch(() => [])) {
      try {
        await reconcileManaged(store, id);
        await dropUnused(store, id);
      } catch (err) {
        // Another replica was quicker; the next look finds nothing to do.
        if (err instanceof UniqueViolation) this.#add(`site/${id}`);
        else log.warn({ err, site: id }, 'the certificates of a site could not be compared');
      }
      if (this.#stopping.signal.aborted) return;
    }
  }

  async #sitesOf(due: readonly string[]): Promise<string[]> {
    const sites = new Set(due.filter((what) => what.startsWith('site/')).map((what) => what.slice('site/'.length)));
    const domains = due.filter((what) => what.startsWith('domain/')).map((what) => what.slice('domain/'.length));
    for (let at = 0; at < domains.length; at += 500) {
      const some = domains.slice(at, at + 500);
      const rows = await this.#deps.store.db.selectFrom('domains').select('site_id').where('id', 'in', some).execute();
      for (const { site_id } of rows) sites.add(site_id);
    }
    return [...sites];
  }

  #round(): void {
    void this.#everything().catch((err: unknown) => {
      if (!this.#stopping.signal.aborted) this.#deps.log.warn({ err }, 'the round over certificates failed');
    });
    this.#cancelRound = this.#deps.clock.after(ROUND_MS, () => this.#round());
  }

  async #everything(): Promise<void> {
    const { store, clock } = this.#deps;
    const sites = await store.db.selectFrom('sites').select('id').execute();
    for (const { id } of sites) {
      this.#add(`site/${id}`);
      await renewSelfSigned(store, id);
    }
    const stray = await strayChallenges(store.db, clock.now());
    if (stray.length > 0) await takeAway(this.#deps, stray, this.#stopping.signal);
    await this.#expire();
  }

  /** A certificate that ends while it waits for its next try is seen to have ended. */
  async #expire(): Promise<void> {
    const { store } = this.#deps;
    await store.transaction(async (tx) => {
      const ended = tx.db.selectFrom('certificates').select('id').where('not_after', '<=', tx.now);
      await tx.db
        .updateTable('managed_certificates')
        .set({ state: 'expired', updated_at: tx.now })
        .where('state', 'in', ['valid', 'failed'])
        .where('certificate_id', 'in', ended)
        .execute();
    });
  }
}
