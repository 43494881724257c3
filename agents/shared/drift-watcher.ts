/**
 * Notices when somebody else changes, deletes or adds managed files, and puts them right. File events only nudge; what
 * counts is the comparison of the live release with what it should hold. So the agent's own writes and editors that
 * save by rename are told from drift by content, and a lost event costs no more than the next look.
 */

import type { Clock } from '@berth/proto/contract/clock.ts';
import { type FSWatcher, watch } from 'chokidar';
import { type Drift, DriftScan, type LiveRelease } from './drift-scan.ts';
import type { Release, ReleaseStore } from './release-store.ts';

/** Milliseconds from an event to the look at the files: an editor writes more than once. */
const SETTLE_MS = 200;
/** Milliseconds between two looks without any event. */
const LOOK_MS = 3_000;

/** A drift and what came of its repair. */
export interface DriftFinding extends Drift {
  /** Milliseconds since the Unix epoch. */
  seenAtMs: number;
  /** Absent while repair fails. */
  repairedAtMs?: number;
  /** Why repair fails. */
  error?: string;
}

/** What a watcher needs. */
export interface DriftWatcherOptions {
  store: ReleaseStore;
  clock: Clock;
  /** Called when the files are right again, to have the program read them; throws when it does not. */
  reload(drifts: readonly Drift[]): Promise<void>;
  /** Told of each drift when its repair has succeeded or failed, and again when a failed one succeeds. */
  report(finding: DriftFinding): void;
}

/** Watches one store's live release. */
export class DriftWatcher {
  readonly #options: DriftWatcherOptions;
  #scan: DriftScan | undefined;
  #release: Release | undefined;
  #watched: Release | undefined;
  #events: FSWatcher | undefined;
  #open = new Map<string, DriftFinding>();
  #suspended = true;
  #cancel: () => void = () => {};
  #dueMs = Number.POSITIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: DriftWatcherOptions) {
    this.#options = options;
  }

  /** Watches this release from now on, instead of the one before. */
  async watch(live: LiveRelease): Promise<void> {
    await this.suspend();
    this.#scan = new DriftScan(this.#options.store, live);
    this.#release = live.release;
    this.#open.clear();
    this.resume();
  }

  /** Looks no more until `resume` or `watch`: an apply begins with it. Resolves when no repair is under way. */
  async suspend(): Promise<void> {
    this.#suspended = true;
    this.#unschedule();
    await this.#looking;
  }

  /** Looks again at the release watched before `suspend`. */
  resume(): void {
    this.#suspended = false;
    this.#lookIn(SETTLE_MS);
  }

  /** Ends watching. */
  async stop(): Promise<void> {
    await this.suspend();
    this.#scan = undefined;
    await this.#events?.close();
    this.#events = undefined;
    this.#watched = undefined;
  }

  /** A look that is due earlier stays: a file that changes all the time must not put it off for ever. */
  #lookIn(ms: number): void {
    const due = this.#options.clock.now() + ms;
    if (this.#suspended || due >= this.#dueMs) return;
    this.#unschedule();
    this.#dueMs = due;
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#unschedule();
      this.#looking = this.#looking.then(() => this.#look());
    });
  }

  #unschedule(): void {
    this.#cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  async #look(): Promise<void> {
    const scan = this.#scan;
    if (this.#suspended || !scan) return;
    try {
      await this.#listen();
      const drifts = await scan.find();
      this.#note(drifts);
      if (this.#open.size > 0) await this.#repair(scan, drifts);
    } catch (error) {
      if (this.#open.size === 0) this.#note([{ path: 'current', kind: 'changed' }]);
      this.#failed(error instanceof Error ? error.message : String(error));
    }
    this.#lookIn(LOOK_MS);
  }

  /** Made anew here and not in `watch`, so that a quick series of releases does not pay for it each time. */
  async #listen(): Promise<void> {
    const release = this.#release;
    if (!release || this.#watched?.dir === release.dir) return;
    await this.#events?.close();
    const paths = [release.dir, this.#options.store.link];
    this.#events = watch(paths, { ignoreInitial: true, followSymlinks: false })
      .on('all', () => this.#lookIn(SETTLE_MS))
      .on('error', () => this.#lookIn(SETTLE_MS));
    this.#watched = release;
  }

  #note(drifts: Drift[]): void {
    const seenAtMs = this.#options.clock.now();
    for (const drift of drifts) {
      if (!this.#open.has(drift.path)) this.#open.set(drift.path, { ...drift, seenAtMs });
    }
  }

  async #repair(scan: DriftScan, drifts: Drift[]): Promise<void> {
    const open = [...this.#open.values()];
    for (const drift of drifts) await scan.restore(drift);
    await this.#options.reload(open);
    const repairedAtMs = this.#options.clock.now();
    for (const { path, kind, seenAtMs } of open) this.#options.report({ path, kind, seenAtMs, repairedAtMs });
    this.#open.clear();
  }

  #failed(error: string): void {
    for (const finding of this.#open.values()) {
      if (finding.error === error) continue;
      finding.error = error;
      this.#options.report({ ...finding });
    }
  }
}
