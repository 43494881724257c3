/**
 * Addresses of the few names that nginx has to ask about sign-in. nginx itself looks names up when it reads its
 * configuration, refuses all of it when one cannot be, and never looks again; so the agent does it, keeps what it knew
 * last, across its own restarts too, and looks again from time to time.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '../shared/durable-files.ts';

/** Looks a name up. @throws where it has no address */
export type Lookup = (name: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** What is known of names. */
export class NameAddresses {
  readonly #file: string;
  readonly #lookup: Lookup;
  #known = new Map<string, readonly string[]>();
  #wanted = new Set<string>();
  #read = false;

  constructor(rootDir: string, look: Lookup = systemLookup) {
    this.#file = join(rootDir, 'addresses.json');
    this.#lookup = look;
  }

  /** What is known now. */
  get known(): ReadonlyMap<string, readonly string[]> {
    return this.#known;
  }

  /** Looks up those names that nothing is known of yet. @param hosts names, or addresses, which are themselves */
  async learn(hosts: Iterable<string>): Promise<void> {
    if (!this.#read) await this.#recall();
    this.#wanted = new Set([...hosts].filter((host) => isIP(host.replace(/^\[|\]$/g, '')) === 0));
    const unknown = [...this.#wanted].filter((host) => !this.#known.has(host));
    if (unknown.length > 0) await this.#look(unknown);
  }

  /** Looks all of them up again. @returns whether anything is another now */
  refresh(): Promise<boolean> {
    return this.#look([...this.#wanted]);
  }

  async #look(names: readonly string[]): Promise<boolean> {
    const before = JSON.stringify([...this.#known]);
    for (const name of names) {
      // A name that cannot be looked up now keeps what was last known; the page before the app says that it fails.
      const found = await this.#lookup(name).catch(() => undefined);
      if (found && found.length > 0) this.#known.set(name, [...new Set(found)].sort());
    }
    const moved = JSON.stringify([...this.#known]) !== before;
    if (moved) await replaceFile(this.#file, JSON.stringify([...this.#known]), 0o644);
    return moved;
  }

  async #recall(): Promise<void> {
    this.#read = true;
    const text = (await readIfThere(this.#file))?.toString() ?? '';
    try {
      this.#known = new Map(text === '' ? [] : JSON.parse(text));
    } catch {
      // Half a file of addresses is as good as none: they are looked up anew.
    }
  }
}
