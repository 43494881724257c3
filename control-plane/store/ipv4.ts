/** The number of a dotted IPv4 address that has been validated. */
export function ipv4ToNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** The dotted form of an IPv4 address given as a number in [0, 2^32). */
export function numberToIpv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** The dotted forms of all addresses in [from, to]. */
export function ipv4Between(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => numberToIpv4(from + i));
}
