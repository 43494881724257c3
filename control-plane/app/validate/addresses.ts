import ipaddr from 'ipaddr.js';
import { domainFault, hostnameFault } from './names.ts';

const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** An IPv4 network as numbers. */
export interface Network {
  /** First and last address, both inside. */
  first: number;
  last: number;
  prefix: number;
}

/** An IPv4 address in the usual four decimals; no other way of writing one passes. */
export function ipv4Fault(text: string): string | undefined {
  if (text === '') return 'is required';
  return QUAD.test(text) ? undefined : 'must be an IPv4 address such as "10.64.0.1"';
}

/** An address in canonical form, IPv4 or IPv6. */
export function addressFault(text: string): string | undefined {
  if (QUAD.test(text)) return undefined;
  if (!/^[0-9a-f:.]{2,45}$/.test(text) || !ipaddr.IPv6.isValid(text)) return 'must be an IPv4 or IPv6 address';
  return undefined;
}

/** The number of an IPv4 address that `ipv4Fault` lets pass. */
export function ipv4Number(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** A private or loopback IPv4 network in CIDR form, /8 to /29, without host bits. */
export function networkFault(text: string): string | undefined {
  if (text === '') return 'is required';
  const network = parseNetwork(text);
  if (!network) return 'must be an IPv4 network such as "10.64.0.0/22"';
  if (network.prefix < 8 || network.prefix > 29) return 'must be between /8 and /29';
  const base = text.slice(0, text.indexOf('/'));
  if (ipv4Number(base) !== network.first) return 'must not have host bits set';
  const kind = ipaddr.IPv4.parse(base).range();
  const end = ipaddr.IPv4.parse([24, 16, 8, 0].map((shift) => (network.last / 2 ** shift) & 255).join('.')).range();
  const usable = (kind === 'private' || kind === 'loopback' || kind === 'carrierGradeNat') && end === kind;
  return usable ? undefined : 'must be private or loopback';
}

/** The bounds of a network in CIDR form, or undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !QUAD.test(address) || !/^(?:3[0-2]|[12]?\d)$/.test(bits)) return undefined;
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(ipv4Number(address) / size) * size;
  return { first, last: first + size - 1, prefix: Number(bits) };
}

/** Whether an address may belong to a host of a network: inside, and neither its first nor its last. */
export function hostOf(network: Network, address: string): boolean {
  const number = ipv4Number(address);
  return number > network.first && number < network.last;
}

/** An address or DNS name. */
export function hostFault(text: string): string | undefined {
  if (addressFault(text) === undefined || hostnameFault(text) === undefined) return undefined;
  return domainFault(text) === undefined ? undefined : 'must be an address or a lower-case DNS name';
}
