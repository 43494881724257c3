import { readFile } from 'node:fs/promises';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';

/** One IPv4 lease. */
export interface LeaseEntry {
  /** Lower-case colon-separated. */
  mac: string;
  address: string;
  /** Host name in use for it, or empty. */
  hostname: string;
  /** Seconds since the epoch; 0 for one that does not end. */
  expiresAt: number;
}

/** dnsmasq rewrites the file in place; two equal looks this far apart (ms) tell that it is not half-written. */
const SETTLE_MS = 20;
const MAX_LOOKS = 25;

/**
 * Parses dnsmasq's lease file: "expiry mac address hostname client-id" a line, then a line "duid …" from which on the
 * leases are DHCPv6's and are passed over. Other lines are passed over too: the file belongs to dnsmasq.
 */
export function parseLeases(text: string): LeaseEntry[] {
  const leases: LeaseEntry[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('duid ')) break;
    const match = /^(\d+) ([0-9a-fA-F:]{17}) (\d+\.\d+\.\d+\.\d+) (\S+) \S+$/.exec(line);
    if (!match) continue;
    const [, expiry = '0', mac = '', address = '', hostname = '*'] = match;
    leases.push({
      mac: mac.toLowerCase(),
      address,
      hostname: hostname === '*' ? '' : hostname,
      expiresAt: Number(expiry),
    });
  }
  return leases;
}

/**
 * Reads the lease file when it is not being written; a missing one holds no leases.
 * @throws the system's error when it is there and cannot be read.
 */
export async function readLeases(path: string, clock: Clock): Promise<LeaseEntry[]> {
  let text = await readOrEmpty(path);
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    await delay(clock, SETTLE_MS);
    const again = await readOrEmpty(path);
    if (again === text) break;
    text = again;
  }
  return parseLeases(text);
}

/** The text without the lease of this MAC and address. */
export function withoutLease(text: string, mac: string, address: string): string {
  return text
    .split('\n')
    .filter((line) => !parseLeases(line).some((lease) => lease.mac === mac && lease.address === address))
    .join('\n');
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
