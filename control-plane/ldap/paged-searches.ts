import type { SearchRun } from './operations/search.ts';

/** Searches kept a connection; the oldest goes when there are more. */
const MOST_KEPT = 4;

/** Searches that stopped at the end of a page (RFC 2696), by the cookie that asks for the next one. */
export class PagedSearches {
  readonly #runs = new Map<string, SearchRun>();
  #made = 0;

  /** Keeps a search. @returns its cookie */
  keep(run: SearchRun): Buffer {
    const [oldest] = this.#runs.keys();
    if (oldest !== undefined && this.#runs.size >= MOST_KEPT) this.#runs.delete(oldest);
    this.#made += 1;
    const cookie = String(this.#made);
    this.#runs.set(cookie, run);
    return Buffer.from(cookie);
  }

  /** Gives a search back; each cookie works once. */
  take(cookie: Buffer): SearchRun | undefined {
    const key = cookie.toString('latin1');
    const run = this.#runs.get(key);
    this.#runs.delete(key);
    return run;
  }

  clear(): void {
    this.#runs.clear();
  }
}
