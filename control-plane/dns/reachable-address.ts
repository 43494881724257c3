import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

/**
 * Whether a domain of somebody's may lead the control plane to an address. It must be one of the world's: not
 * loopback, link-local, private, reserved or multicast, nor this machine's own, or whoever brings a domain could make
 * Berth knock at doors behind the wall.
 * @param closedNetwork whether all of these are fine, as nobody from the world is there
 */
export function mayBeAsked(address: string, closedNetwork: boolean): boolean {
  if (!ipaddr.isValid(address)) return false;
  if (closedNetwork) return true;
  const plain = ipaddr.process(address);
  return plain.range() === 'unicast' && !ownAddresses().has(plain.toString());
}

function ownAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return new Set(all.map(({ address }) => ipaddr.process(address.replace(/%.*$/, '')).toString()));
}
