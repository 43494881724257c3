import ipaddr from 'ipaddr.js';
import { addressFault, parseNetwork } from './addresses.ts';

const FORM = 'must be an address range such as "10.0.0.0/8" or "2001:db8::/32"';

/** A range of addresses in CIDR form, IPv4 or IPv6, without host bits. */
export function cidrFault(text: string): string | undefined {
  const [base = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(bits) || addressFault(base) !== undefined) return FORM;
  if (!base.includes(':')) {
    const network = parseNetwork(text);
    if (!network) return FORM;
  } else if (Number(bits) > 128) return FORM;
  // An IPv4 address within IPv6 is never a client's address as nginx compares it.
  if (/:.*\./.test(base)) return FORM;
  return hasHostBits(base, Number(bits)) ? 'must not have host bits set' : undefined;
}

/** An address, or a range of addresses in CIDR form; not all of them, who would all be trusted then. */
export function proxyFault(text: string): string | undefined {
  if (/\/0$/.test(text)) return 'must not be every address there is';
  if (text.includes('/')) return cidrFault(text);
  return addressFault(text) === undefined && !/:.*\./.test(text)
    ? undefined
    : 'must be an address or a range such as "10.0.0.0/8"';
}

function hasHostBits(base: string, prefix: number): boolean {
  const bytes = ipaddr.parse(base).toByteArray();
  return bytes.some((byte, i) => (byte & (255 >> Math.min(8, Math.max(0, prefix - i * 8)))) !== 0);
}
