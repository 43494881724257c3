/**
 * The figures of one replica as Prometheus reads them: what it counted itself, what the agents with sessions here
 * report, and what the store holds. Nothing is read before somebody asks; those who ask at once share one answer.
 */
import type { Fleet } from '../fleet/fleet.ts';
import type { Gateway } from '../ldap/gateway.ts';
import type { Engine } from '../operations/engine.ts';
import type { ReadinessProbe } from '../readiness.ts';
import type { Store } from '../store/store.ts';
import { VERSION } from '../version.ts';
import { Instruments } from './instruments.ts';
import { processFigures } from './process-figures.ts';
import { readReported } from './read-reported.ts';
import { readStoreFigures } from './store-figures.ts';

/** "replica" is what each replica alone knows, "store" what all of them say alike. */
export type MetricsPart = 'replica' | 'store' | 'all';

/** What there is to look at; parts that are not there yet, or nowhere here, are left out. */
export interface MetricsSources {
  store: Store;
  fleet: Fleet;
  readiness: ReadinessProbe;
  engine?: Engine;
  ldap?: Gateway | undefined;
}

/** All figures of one replica. */
export class Metrics {
  readonly instruments = new Instruments();
  #sources: MetricsSources | undefined;
  readonly #reading = new Map<MetricsPart, Promise<string>>();

  /** Names what is looked at from now on. */
  look(sources: MetricsSources): void {
    this.#sources = { ...this.#sources, ...sources };
  }

  /** As text in the Prometheus exposition format. */
  text(part: MetricsPart): Promise<string> {
    const known = this.#reading.get(part);
    if (known) return known;
    const reading = this.#read(part).finally(() => this.#reading.delete(part));
    this.#reading.set(part, reading);
    return reading;
  }

  async #read(part: MetricsPart): Promise<string> {
    const texts: string[] = [];
    const sources = this.#sources;
    if (part !== 'store') {
      if (sources) await this.#lookAround(sources);
      texts.push(await this.instruments.text(), await processFigures().metrics());
      if (sources) texts.push(await (await readReported(sources.store.db, sources.fleet.figures())).text());
    }
    if (part !== 'replica' && sources) {
      const { store, fleet } = sources;
      texts.push(await (await readStoreFigures(store, fleet.startedAt)).text());
    }
    return texts.map((text) => `${text.trimEnd()}\n`).join('');
  }

  async #lookAround({ store, fleet, readiness, engine, ldap }: MetricsSources): Promise<void> {
    const set = (...[name, labels, value]: Parameters<typeof this.instruments.set>) =>
      this.instruments.set(name, labels, value);
    set('berth_build_info', { version: VERSION }, 1);
    set('berth_ready', {}, Number(await readiness.ready()));
    set('berth_agent_sessions', {}, fleet.size);
    if (engine) set('berth_operations_held', {}, engine.size);
    if (ldap) {
      set('berth_ldap_connections', {}, ldap.connections());
      set('berth_ldap_directory_entries', {}, ldap.entries());
    }
    for (const [state, count] of Object.entries(store.pool?.() ?? {})) {
      set('berth_store_pool_connections', { state }, count);
    }
    await this.#lookAtFeed(store, fleet);
  }

  async #lookAtFeed(store: Store, fleet: Fleet): Promise<void> {
    const shown = fleet.revisions();
    this.instruments.clear('berth_feed_behind_revisions');
    if (shown.size === 0) return;
    for (const { id, name, revision } of await store.db
      .selectFrom('sites')
      .select(['id', 'name', 'revision'])
      .execute()) {
      const at = shown.get(id);
      if (at === undefined) continue;
      this.instruments.set('berth_feed_behind_revisions', { site: name }, Math.max(0, revision - Number(at)));
    }
  }
}
