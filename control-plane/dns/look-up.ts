import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { DnsPort } from './dns-provider.ts';
import { formatServer, parseServer, type ServerAddress } from './server-address.ts';

const QUERY_MS = 2_000;
const TRIES = 2;
const MOST_ALIASES = 8;
/** What a name server says of a name or a type that is not there. */
const ABSENT: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** Looks names up at some servers; ends with the signal. */
export class LookUp {
  readonly #resolver = new Resolver({ timeout: QUERY_MS, tries: TRIES });
  readonly #signal: AbortSignal;

  /** @param servers ADDRESS or ADDRESS:PORT; empty: the system's own */
  constructor(servers: readonly string[], signal: AbortSignal) {
    const known = servers.map(parseServer).filter((server) => server !== undefined);
    if (known.length > 0) this.#resolver.setServers(known.map(formatServer));
    this.#signal = signal;
  }

  /** The texts of a name. @throws Error that tells why nobody could say */
  async txt(name: string): Promise<string[]> {
    const found = await this.#ask<string[]>(() => this.#resolver.resolveTxt(name));
    return found.map((strings) => strings.join(''));
  }

  /** The names of the servers of a zone; none for a name that is no zone. */
  ns(name: string): Promise<string[]> {
    return this.#ask(() => this.#resolver.resolveNs(name));
  }

  /** The addresses of a name, IPv4 first. */
  async addresses(name: string): Promise<string[]> {
    if (isIP(name) !== 0) return [name];
    const [four, six] = await Promise.allSettled([
      this.#ask(() => this.#resolver.resolve4(name)),
      this.#ask(() => this.#resolver.resolve6(name)),
    ]);
    const found = [four, six].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  }

  /** Where a name leads to by aliases; itself when it is none. @throws Error when there is no end to them */
  async target(name: string): Promise<string> {
    let at = name;
    for (let aliases = 0; aliases < MOST_ALIASES; aliases += 1) {
      const [next] = await this.#ask(() => this.#resolver.resolveCname(at));
      if (next === undefined) return at;
      at = next;
    }
    throw new Error(`${name} leads through more than ${MOST_ALIASES} aliases`);
  }

  async #ask<T>(ask: () => Promise<T[]>): Promise<T[]> {
    this.#signal.throwIfAborted();
    const cancel = () => this.#resolver.cancel();
    this.#signal.addEventListener('abort', cancel, { once: true });
    try {
      return await ask();
    } catch (error) {
      if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw this.#signal.aborted ? this.#signal.reason : error;
    } finally {
      this.#signal.removeEventListener('abort', cancel);
    }
  }
}

/** A name server as people know it, and where it is asked. */
export interface NamedServer {
  /** e.g. "ns1.example.org (192.0.2.1:53)". */
  label: string;
  /** ADDRESS:PORT. */
  address: string;
}

const MOST_SERVERS = 16;

/**
 * The servers of the zone that a name lies in, one address each: IPv4 where there is one, for a machine may well have
 * no way to the others.
 * @throws Error when they cannot be found
 */
export async function authoritativeServers(dns: DnsPort, name: string, signal: AbortSignal): Promise<NamedServer[]> {
  const lookUp = new LookUp(dns.resolvers, signal);
  const labels = name.split('.');
  for (let at = 0; at < labels.length; at += 1) {
    const hosts = await lookUp.ns(labels.slice(at).join('.'));
    if (hosts.length > 0) return locate(dns, hosts.slice(0, MOST_SERVERS).map(onPort53), signal);
  }
  throw new Error(`nobody says which name servers ${name} has`);
}

/** Where servers are asked. @throws Error for one that has no address */
export function locate(dns: DnsPort, servers: readonly ServerAddress[], signal: AbortSignal): Promise<NamedServer[]> {
  const lookUp = new LookUp(dns.resolvers, signal);
  return Promise.all(
    servers.map(async ({ host, port }) => {
      const [address] = await lookUp.addresses(host);
      if (address === undefined) throw new Error(`the name server ${host} has no address`);
      const at = formatServer({ host: address, port });
      return { label: host === address ? at : `${host} (${at})`, address: at };
    }),
  );
}

function onPort53(host: string): ServerAddress {
  return { host, port: 53 };
}
