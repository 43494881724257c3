import { lookup, lookupService } from 'node:dns/promises';
import { hostname } from 'node:os';
import { serverNameFault } from './answers.ts';

/** Names under which a host reaches itself. */
export const OWN_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** The name this machine gives itself, in full where its resolver knows it (as `hostname --fqdn`). */
export async function ownName(): Promise<string> {
  const short = hostname().toLowerCase();
  const full = await fullName(short);
  return [full, short].find((name) => !/^localhost(\.|$)/.test(name) && !serverNameFault(name)) ?? '';
}

/** By the reverse of its address; getaddrinfo's canonical name is not to be had in Node. */
async function fullName(short: string): Promise<string> {
  try {
    const { address } = await lookup(short);
    return (await lookupService(address, 0)).hostname.toLowerCase();
  } catch {
    return short;
  }
}
