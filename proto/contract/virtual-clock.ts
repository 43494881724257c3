import type { Clock } from './clock.ts';

interface Entry {
  at: number;
  order: number;
  run: () => void;
}

/** A clock that moves only when told to; timers fire in order of their time, then of their making. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #entries = new Set<Entry>();

  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const entry: Entry = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  /** Moves time on by `ms`, firing what falls due and letting promises settle between two timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
    await settle();
  }

  #next(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
