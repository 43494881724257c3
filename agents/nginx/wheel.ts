/** Things to be done at their times, thousands of them by one timer: each lies in the turn it is due in. */
export class Wheel<T> {
  readonly #turnMs: number;
  readonly #turns = new Map<number, T[]>();
  #next: number;

  /** @param nowMs the time from which on things may be due */
  constructor(turnMs: number, nowMs: number) {
    this.#turnMs = turnMs;
    this.#next = this.#turnOf(nowMs);
  }

  /** Adds a thing for a time; one that is past is due at the next turn. */
  add(thing: T, atMs: number): void {
    const turn = Math.max(this.#next, this.#turnOf(atMs));
    const things = this.#turns.get(turn) ?? [];
    things.push(thing);
    this.#turns.set(turn, things);
  }

  /** Takes out what is due by now. */
  take(nowMs: number): T[] {
    const due: T[] = [];
    for (const last = this.#turnOf(nowMs); this.#next <= last; this.#next += 1) {
      due.push(...(this.#turns.get(this.#next) ?? []));
      this.#turns.delete(this.#next);
    }
    return due;
  }

  #turnOf(ms: number): number {
    return Math.floor(ms / this.#turnMs);
  }
}
