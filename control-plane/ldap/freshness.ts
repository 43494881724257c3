/**
 * Sees to it that no operation is answered from a directory older than the operation: once an operation has arrived,
 * the store is asked for its revision, and the directory is brought up to it before the answer. One question serves
 * all operations that had arrived when it was put, on all connections, as one sync of a disk serves many commits; so
 * it costs a search next to nothing, and what was changed anywhere holds from the next operation on.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';

/** Somebody with operations waiting. */
export interface Waiting {
  /** The question is about to be put: what has arrived until now may be answered after it. */
  seal(): void;
  /** @param fresh false when the store does not answer: then nothing may be said about people */
  run(fresh: boolean): void;
}

export interface FreshnessOptions {
  /** The store's revision, at once where that is possible. */
  revision: () => number | Promise<number>;
  /** Whether the directory is at this revision. */
  isAt: (revision: number) => boolean;
  /** Brings the directory up to the store. */
  catchUp: () => Promise<void>;
  clock: Clock;
  onError: (error: unknown) => void;
}

/** Milliseconds after which operations are refused rather than kept waiting; clients wait for about 6 s. */
const PATIENCE_MS = 4_000;

/** The one question at a time. */
export class Freshness {
  readonly #options: FreshnessOptions;
  #waiting = new Set<Waiting>();
  #asking = false;
  #scheduled = false;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Has `waiting` sealed when the next question is put, and run once it is answered. */
  join(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#schedule();
  }

  leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  // After the connections with something to read have been read, so that the question is for all of them.
  #schedule(): void {
    if (this.#scheduled || this.#asking || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#ask();
    });
  }

  #ask(): void {
    const batch = this.#waiting;
    this.#waiting = new Set();
    for (const each of batch) each.seal();
    let revision: number | Promise<number>;
    try {
      revision = this.#options.revision();
    } catch (error) {
      this.#answer(batch, false, error);
      return;
    }
    if (typeof revision === 'number' && this.#options.isAt(revision)) {
      this.#answer(batch, true);
      return;
    }
    this.#asking = true;
    void this.#settle(revision).then(
      () => this.#settled(batch, true),
      (error) => this.#settled(batch, false, error),
    );
  }

  async #settle(revision: number | Promise<number>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.after(PATIENCE_MS, () => reject(new Error('the store does not answer')));
    });
    try {
      await Promise.race([this.#reach(revision), late]);
    } finally {
      cancel();
    }
  }

  async #reach(revision: number | Promise<number>): Promise<void> {
    if (!this.#options.isAt(await revision)) await this.#options.catchUp();
  }

  #settled(batch: ReadonlySet<Waiting>, fresh: boolean, error?: unknown): void {
    this.#asking = false;
    this.#answer(batch, fresh, error);
  }

  #answer(batch: ReadonlySet<Waiting>, fresh: boolean, error?: unknown): void {
    if (error !== undefined) this.#options.onError(error);
    for (const each of batch) each.run(fresh);
    this.#schedule();
  }
}
