/** The types of what people may say about an HTTP route; the rule of escape.ts holds here too: refuse, don't quote. */

import { isIP, isIPv4 } from 'node:net';

const SEGMENT = '[A-Za-z0-9._~@:+-]{1,100}';
const PREFIX = new RegExp(`^(?:/(?!\\.{1,2}(?:/|$))${SEGMENT}){1,16}$`);
// Of the characters of a token (RFC 9110, 5.6.2) those that names of headers are made of.
const HEADER_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/;
const HEADER_VALUE = /^[ -~]{1,4000}$/;
const QUOTES = ['"', "'"];

/**
 * A prefix of paths as whole segments, "/api" or "/a/b", at most 16 of them, without what would have to be encoded;
 * "" for all paths ("" and "/").
 */
export function pathPrefix(text: string): string | undefined {
  const bare = text.replace(/\/$/, '');
  return bare === '' || PREFIX.test(bare) ? bare : undefined;
}

/** A name of a header, at most 64 characters. */
export function headerName(text: string): string | undefined {
  return HEADER_NAME.test(text) ? text : undefined;
}

/**
 * The value of a header, printable ASCII of at most 4,000 characters, in quotes that do not occur in it. "$" and "\"
 * are refused: in quotes of either kind they are nginx's own; so is a value that holds quotes of both kinds.
 */
export function headerValue(text: string): string | undefined {
  if (!HEADER_VALUE.test(text) || /[$\\]/.test(text)) return undefined;
  const quote = QUOTES.find((each) => !text.includes(each));
  return quote && `${quote}${text}${quote}`;
}

/** A network in CIDR form or one address, IPv4 or IPv6, as nginx writes it: with no bit set behind the prefix. */
export function network(text: string): string | undefined {
  const [address = '', length, ...more] = text.split('/');
  if (more.length > 0 || isIP(address) === 0 || address.includes('%')) return undefined;
  const bits = isIPv4(address) ? 32 : 128;
  if (length === undefined) return masked(address, bits, bits);
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > bits) return undefined;
  return `${masked(address, bits, Number(length))}/${Number(length)}`;
}

function masked(address: string, bits: 32 | 128, length: number): string {
  const host = BigInt(bits - length);
  const kept = (numberOf(address) >> host) << host;
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((kept >> shift) & 255n)).join('.');
  const words = Array.from({ length: 8 }, (_, index) => (kept >> BigInt(16 * (7 - index))) & 0xffffn);
  return new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]/`).hostname.slice(1, -1);
}

/** An address as a number. */
function numberOf(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const words = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return words.reduce((sum, word) => (sum << 16n) + BigInt(`0x${word}`), 0n);
}
