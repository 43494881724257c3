import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { DnsmasqConfig } from './config.ts';
import { MAIN_DIGEST_NAME, type Stamp, stampName } from './render.ts';

/** Milliseconds for one question, and between two looks at whether a release is served. */
const QUESTION_TIMEOUT_MS = 500;
const LOOK_EVERY_MS = 10;

/**
 * Asks the running dnsmasq, over DNS, what it serves. The stamp stands in the hosts file, which dnsmasq reads before
 * the reservation and servers files and before it answers any other question: an answer means all three are in use.
 */
export class DnsmasqProbe {
  readonly #server: string;
  readonly #clock: Clock;

  constructor(config: DnsmasqConfig, clock: Clock) {
    const address = config.listenAddresses[0] ?? '127.0.0.1';
    this.#server = `${isIPv6(address) ? `[${address}]` : address}:${config.dnsPort}`;
    this.#clock = clock;
  }

  /** Digest of the main file the running dnsmasq was started with; undefined when it does not answer. */
  async mainDigest(): Promise<string | undefined> {
    const records = await this.#resolver()
      .resolveTxt(MAIN_DIGEST_NAME)
      .catch(() => []);
    return records[0]?.join('');
  }

  /** Waits until the release is served with its main file; false when it is not within `timeoutMs`. */
  async serves(stamp: Stamp, mainDigest: string, timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.now() + timeoutMs;
    for (;;) {
      if ((await this.#answers(stampName(stamp))) && (await this.mainDigest()) === mainDigest) return true;
      if (this.#clock.now() >= deadline) return false;
      await delay(this.#clock, LOOK_EVERY_MS);
    }
  }

  /** No answer and a wrong one mean the same here: it is not served yet. */
  async #answers(name: string): Promise<boolean> {
    const addresses = await this.#resolver()
      .resolve4(name)
      .catch(() => []);
    return addresses.length > 0;
  }

  /** A resolver of its own for each question: c-ares remembers failing servers. */
  #resolver(): Resolver {
    const resolver = new Resolver({ timeout: QUESTION_TIMEOUT_MS, tries: 1 });
    resolver.setServers([this.#server]);
    return resolver;
  }
}
