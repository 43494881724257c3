/** Runs work on the same key one after the other: PVE's own lock makes the second wait and then time out. */
export class Serial<K> {
  #tails = new Map<K, Promise<unknown>>();

  /** Runs `work` when all earlier work on `key` has ended. */
  async run<T>(key: K, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(work);
    // How it ends is the caller's to know; the next in line only waits for the end.
    const tail = turn.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
