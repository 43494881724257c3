import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 network: its first address as a number, its prefix length, and how many addresses it has. */
export interface Ipv4Network {
  base: number;
  prefix: number;
  size: number;
}

/** The address as a number in [0, 2^32), or undefined when `text` is no dotted IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The network written as "address/prefix" with prefix 8–30 and no host bits set, or undefined. */
export function parseNetwork(text: string): Ipv4Network | undefined {
  const match = /^([0-9.]{7,15})\/([0-9]{1,2})$/.exec(text);
  const base = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  const prefix = Number(match?.[2]);
  if (base === undefined || prefix < 8 || prefix > 30) return undefined;
  const size = 2 ** (32 - prefix);
  return base % size === 0 ? { base, prefix, size } : undefined;
}

/** Whether a host may have this address: inside the network, neither its first nor its last address. */
export function isHostOf(network: Ipv4Network, address: number): boolean {
  return address > network.base && address < network.base + network.size - 1;
}

/** Whether two networks share an address. */
export function overlap(one: Ipv4Network, other: Ipv4Network): boolean {
  return one.base < other.base + other.size && other.base < one.base + one.size;
}

/** The network mask in dotted form. */
export function maskOf(network: Ipv4Network): string {
  return formatIpv4(2 ** 32 - network.size);
}

/** A number in [0, 2^32) in dotted form. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Whether `text` is an IPv4 or IPv6 literal without a scope ("%eth0"), which dnsmasq's files would misread. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'));
}
