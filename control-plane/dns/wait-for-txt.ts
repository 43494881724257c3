import { fullJitter } from '@berth/proto/contract/backoff.ts';
import { delay } from '@berth/proto/contract/clock.ts';
import { AppError } from '../errors.ts';
import type { DnsDeps } from './dns-provider.ts';
import { plainWords } from './failures.ts';
import { authoritativeServers, LookUp, locate, type NamedServer } from './look-up.ts';
import { parseServer } from './server-address.ts';

/** A TXT record that is waited for. */
export interface AwaitedTxt {
  fqdn: string;
  value: string;
  /** Servers to ask, HOST or HOST:PORT; empty: those that the zone itself names. */
  servers: readonly string[];
}

const LEAST_WAIT_MS = 200;
const BACKOFF = { baseMs: 400, capMs: 5_000 };

/**
 * Waits until every server has the value, as long as the signal allows. A `CNAME` at the name is followed, so that
 * challenges may be delegated; what is asked are the servers of the zone themselves, as whoever checks a challenge asks
 * them past every cache.
 * @throws AppError "txt_not_served" that names the server which does not have it
 */
export async function waitForTxt(deps: DnsDeps, awaited: AwaitedTxt, signal: AbortSignal): Promise<void> {
  let missing = 'nobody was asked yet';
  const having = new Set<string>();
  try {
    for (let look = 0; ; look += 1) {
      const found = await whoLacksIt(deps, awaited, having, signal);
      if (found === undefined) return;
      missing = found;
      await delay(deps.clock, LEAST_WAIT_MS + fullJitter(BACKOFF, look, deps.random), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    const message = `${awaited.fqdn} is not served everywhere in time: ${missing}.`;
    throw new AppError('deadline_exceeded', { reason: 'txt_not_served', message, cause: error });
  }
}

/** @param having who had it before, and need not be asked again */
async function whoLacksIt(
  deps: DnsDeps,
  awaited: AwaitedTxt,
  having: Set<string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { name, servers } = await whomToAsk(deps, awaited, signal);
    const others = servers.filter(({ address }) => !having.has(address));
    const answers = await Promise.all(
      others.map(async (server) => {
        const lack = await lackOf(server, name, awaited.value, signal);
        if (lack === undefined) having.add(server.address);
        return lack;
      }),
    );
    return answers.find((lack) => lack !== undefined);
  } catch (error) {
    if (signal.aborted) throw error;
    return plainWords(error instanceof Error ? error.message : String(error));
  }
}

async function whomToAsk(
  { dns }: DnsDeps,
  { fqdn, servers }: AwaitedTxt,
  signal: AbortSignal,
): Promise<{ name: string; servers: NamedServer[] }> {
  const given = servers.map(parseServer).filter((server) => server !== undefined);
  if (given.length > 0) {
    const located = await locate(dns, given, signal);
    return { name: fqdn, servers: located };
  }
  const name = await new LookUp(dns.resolvers, signal).target(fqdn);
  return { name, servers: await authoritativeServers(dns, name, signal) };
}

/** Why a server does not count as having the value, in words. */
async function lackOf(
  server: NamedServer,
  name: string,
  value: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const lookUp = new LookUp([server.address], signal);
  try {
    if ((await lookUp.txt(name)).includes(value)) return undefined;
    const target = await lookUp.target(name);
    if (target !== name && (await lookUp.txt(target)).includes(value)) return undefined;
    return `the name server ${server.label} does not have the TXT record`;
  } catch (error) {
    if (signal.aborted) throw error;
    const words = plainWords(error instanceof Error ? error.message : String(error));
    return `the name server ${server.label} does not answer (${words})`;
  }
}
