import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Logger } from '../log.ts';
import type { FleetSiteView } from './desired-view.ts';
import type { Session } from './session.ts';

const RETRY_MS = 1_000;

/** What a hub works with. */
export interface SiteHubOptions {
  siteId: string;
  clock: Clock;
  log: Logger;
  open(siteId: string): Promise<FleetSiteView>;
}

/**
 * One site's desired state, shared by its sessions here: it is brought up to date once for all of them, and nudges that
 * come while that is under way are one more time, not many.
 */
export class SiteHub {
  readonly #options: SiteHubOptions;
  readonly #sessions = new Set<Session>();
  #view: Promise<FleetSiteView> | undefined;
  #stale = false;
  #movedAt: number | undefined;
  #revision: bigint | undefined;
  #running: Promise<void> | undefined;
  #cancelRetry = () => {};

  constructor(options: SiteHubOptions) {
    this.#options = options;
  }

  /** Revision that its view shows; undefined without sessions. */
  get revision(): bigint | undefined {
    return this.#sessions.size > 0 ? this.#revision : undefined;
  }

  /** Takes a session in. @returns the view as it is now */
  async attach(session: Session): Promise<FleetSiteView> {
    this.#sessions.add(session);
    const view = await this.#opened();
    await view.refresh();
    this.#revision = view.revision;
    return view;
  }

  /** Lets a session go. */
  detach(session: Session): void {
    this.#sessions.delete(session);
  }

  /** The site has moved. */
  moved(): void {
    if (this.#sessions.size === 0) return;
    this.#stale = true;
    this.#movedAt ??= this.#options.clock.now();
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
      // It moved after the last look and before this moment.
      if (this.#stale) this.moved();
    });
  }

  /** Ends what it waits for. */
  async stop(): Promise<void> {
    this.#cancelRetry();
    await this.#running;
  }

  async #refresh(): Promise<void> {
    this.#cancelRetry();
    try {
      while (this.#stale) {
        this.#stale = false;
        const movedAt = this.#movedAt ?? this.#options.clock.now();
        this.#movedAt = undefined;
        const view = await this.#opened();
        await view.refresh();
        this.#revision = view.revision;
        for (const session of this.#sessions) session.viewMoved(movedAt);
      }
    } catch (error) {
      const { log, clock, siteId } = this.#options;
      log.error({ err: error, site: siteId }, 'the desired state of a site could not be read; trying again');
      this.#cancelRetry = clock.after(RETRY_MS, () => this.moved());
    }
  }

  // A view that could not be opened is not kept: the next who asks tries anew.
  #opened(): Promise<FleetSiteView> {
    this.#view ??= this.#options.open(this.#options.siteId).catch((error) => {
      this.#view = undefined;
      throw error;
    });
    return this.#view;
  }
}
