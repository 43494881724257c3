/**
 * Where a request comes from, also behind proxies. Anybody can write an X-Forwarded-For; so it is read from its right
 * end, where the nearest proxy wrote, only from peers that are trusted, and no further than to the first address that
 * is not a trusted proxy's.
 */
import ipaddr from 'ipaddr.js';

/** Finds the address of a client. @param forwardedFor the header, of which there may be none */
export type ClientAddress = (peer: string, forwardedFor: string | undefined) => string;

/** @param trusted addresses and networks of proxies, e.g. "10.0.0.5" or "10.0.0.0/24" */
export function clientAddressBehind(trusted: readonly string[]): ClientAddress {
  const networks = trusted.map(networkOf);
  const isTrusted = (text: string) => {
    const address = ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
    return (
      address !== undefined &&
      networks.some(([network, bits]) => sameKind(address, network) && address.match(network, bits))
    );
  };
  return (peer, forwardedFor = '') => {
    const hops = forwardedFor.split(',').map((hop) => hop.trim().replace(/^::ffff:/, ''));
    let client = peer.replace(/^::ffff:/, '');
    while (isTrusted(client)) {
      const before = hops.pop();
      // What is no address was not written by a proxy; the last one known to be right has to do.
      if (before === undefined || !ipaddr.isValid(before)) return client;
      client = before;
    }
    return client;
  };
}

/** Whether it is an address or a network. */
export function isNetwork(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text);
}

function networkOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function sameKind(one: ipaddr.IPv4 | ipaddr.IPv6, other: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return one.kind() === other.kind();
}
