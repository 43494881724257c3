import { type AudienceName, audiencesOf, type Placed } from './audience.ts';
import { resourcesOfContainer } from './resources-of-container.ts';
import { contextMoved, contextOf, resourcesOfSite, type SiteContext } from './resources-of-site.ts';
import type { ContainerRows, SiteReader, SiteRows, SiteSnapshot } from './site-rows.ts';
import { type DesiredState, SiteState } from './site-state.ts';

/** What one look at the database brought. */
interface News {
  revision: number;
  site: SiteRows | undefined;
  /** Containers that may have changed; undefined: all of them. */
  ids: string[] | undefined;
  containers: ContainerRows[];
}

/** The desired state of one site, kept in memory and brought up to date by `refresh`. */
export class SiteView {
  readonly #reader: SiteReader;
  readonly #state = new SiteState();
  #revision: number | undefined;
  #context: SiteContext | undefined;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  constructor(reader: SiteReader) {
    this.#reader = reader;
  }

  /** Revision of the site that this view shows; 0 before the first refresh. */
  get revision(): bigint {
    return BigInt(this.#revision ?? 0);
  }

  /**
   * Takes in whatever was committed before this call. Calls at the same time share one look: at most one is under way
   * and one waiting.
   * @throws AppError "site_not_found", or the engine's own error; the view stays as it was, and the next call tries anew
   */
  refresh(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#look().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // An error of the look under way is for those who asked for that one.
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        return this.refresh();
      });
    return this.#queued;
  }

  /** What every agent of an audience must hold. */
  audience(name: AudienceName): DesiredState {
    return this.#state.desired([name]);
  }

  /** What an agent must hold: the union of its roles' audiences, with the generation of the newest. */
  forAgent(agent: { id: string; roles: readonly string[] }): DesiredState {
    return this.#state.desired(audiencesOf(agent));
  }

  async #look(): Promise<void> {
    const news = await this.#reader.read((rows) => this.#readNews(rows));
    if (news) this.#take(news);
  }

  async #readNews(rows: SiteSnapshot): Promise<News | undefined> {
    const revision = await rows.revision();
    if (revision === this.#revision) return undefined;
    const touched = await this.#touchedSince(rows, revision);
    const site = touched?.site === false ? undefined : await rows.site();
    if (touched && !(site && this.#moves(site))) {
      return { revision, site, ids: touched.ids, containers: await rows.containers(touched.ids) };
    }
    return { revision, site, ids: undefined, containers: await rows.containers() };
  }

  /** What moved since the last look; undefined when that cannot be told, as at the first one and after a pruning. */
  async #touchedSince(rows: SiteSnapshot, revision: number): Promise<{ site: boolean; ids: string[] } | undefined> {
    if (this.#revision === undefined || revision < this.#revision) return undefined;
    const changes = await rows.changesSince(this.#revision);
    if (changes.length !== revision - this.#revision) return undefined;
    const ids = new Set(changes.flatMap((change) => change.container_id ?? []));
    return { site: changes.some((change) => change.container_id === null), ids: [...ids] };
  }

  #moves(site: SiteRows): boolean {
    return this.#context === undefined || contextMoved(this.#context, contextOf(site));
  }

  #take({ revision, site, ids, containers }: News): void {
    const context = site ? contextOf(site) : this.#context;
    if (!context) throw new Error('the first look at a site did not read the site');
    const changes = new Map<string, Placed[]>();
    if (site) changes.set('', resourcesOfSite(site, context));
    for (const id of ids ?? this.#state.owners()) if (!changes.has(id)) changes.set(id, []);
    for (const rows of containers) changes.set(rows.container.id, resourcesOfContainer(rows, context));
    this.#state.apply(changes, BigInt(revision));
    this.#context = context;
    this.#revision = revision;
  }
}
