import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Logger } from '../log.ts';
import { type Covered, noteCovered } from '../store/agent-revisions.ts';
import type { Store } from '../store/store.ts';

const AGAIN_MS = 1_000;

/** What noting coverage works with. */
export interface CoverageOptions {
  store: Store;
  clock: Clock;
  log: Logger;
}

/**
 * Writes for which revision agents are known to need nothing new. A change of a site asks nothing of most of its agents,
 * so their rows are written together, whatever comes meanwhile in the next transaction, and never with a message.
 */
export class Coverage {
  readonly #options: CoverageOptions;
  readonly #waiting = new Map<string, Covered>();
  #running: Promise<void> | undefined;
  #cancelRetry = () => {};

  constructor(options: CoverageOptions) {
    this.#options = options;
  }

  /** Has it written soon. */
  note(covered: Covered): void {
    this.#waiting.set(covered.agentId, covered);
    this.#wake();
  }

  /** Resolves when what is being written is written; the rest is left. */
  async stop(): Promise<void> {
    this.#cancelRetry();
    this.#waiting.clear();
    await this.#running;
  }

  #wake(): void {
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      // Noted after the last look and before this moment.
      if (this.#waiting.size > 0) this.#wake();
    });
  }

  async #writeAll(): Promise<void> {
    this.#cancelRetry();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()];
      this.#waiting.clear();
      try {
        await this.#write(batch);
      } catch (error) {
        return this.#failed(batch, error);
      }
    }
  }

  async #write(batch: readonly Covered[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    await this.#options.store.transaction(async (tx) => {
      for (const covered of batch) await noteCovered(tx, covered);
      // Whoever waits for agents looks at all of theirs, whichever agent moved.
      tx.nudge({ kind: 'agent', id: first.agentId });
    });
  }

  #failed(batch: readonly Covered[], error: unknown): void {
    const { log, clock } = this.#options;
    log.warn({ err: error }, 'it could not be written for which revision agents need nothing new; trying again');
    this.#cancelRetry = clock.after(AGAIN_MS, () => {
      for (const covered of batch) if (!this.#waiting.has(covered.agentId)) this.note(covered);
    });
  }
}
