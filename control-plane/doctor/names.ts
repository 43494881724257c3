import { isIP } from 'node:net';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { fault, ok, reasonOf, warning } from './check.ts';

/** Names of this machine to itself, which nobody else resolves. */
const OWN = new Set(['localhost', '127.0.0.1', '::1']);

/** What is known of names. */
export interface NameFacts {
  /** Names under which others are to reach this server. */
  names: readonly string[];
  /** Addresses of this machine. */
  ownAddresses: readonly string[];
  /** Addresses of a name. @throws when it has none */
  resolve(name: string): Promise<string[]>;
}

/** Whether the server's names lead to it. */
export async function nameFindings({ names, ownAddresses, resolve }: NameFacts): Promise<Finding[]> {
  const others = names.filter((name) => !OWN.has(name));
  if (others.length === 0) {
    const remedy = 'Name this server as others reach it: "berth setup --change".';
    return [warning('names', 'the server is known as localhost only, so no agent and no browser elsewhere', remedy)];
  }
  return Promise.all(others.map((name) => nameFinding(name, ownAddresses, resolve)));
}

async function nameFinding(name: string, own: readonly string[], resolve: NameFacts['resolve']): Promise<Finding> {
  let addresses: string[];
  try {
    addresses = isIP(name) ? [name] : await resolve(name);
  } catch (error) {
    const remedy = `Publish an address for ${name} in DNS, or change the names: "berth setup --change".`;
    return fault('names', `${name} does not resolve (${reasonOf(error)})`, remedy);
  }
  const where = isIP(name) ? `${name} is` : `${name} leads to ${addresses.join(', ')},`;
  // Debian's installer writes a host's own name so.
  if (addresses.every((address) => address.startsWith('127.'))) {
    return ok('names', `${name} leads to ${addresses.join(', ')} here; what others see is in DNS`);
  }
  if (addresses.some((address) => own.includes(address))) return ok('names', `${where} an address of this machine`);
  const remedy = 'Right behind a NAT or a balancer that hands ports 8443 and 8444 on; else mend the DNS.';
  return warning('names', `${where} no address of this machine`, remedy);
}
