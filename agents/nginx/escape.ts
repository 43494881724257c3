/**
 * Nothing a user wrote reaches a file of nginx's without passing here. The rule is to refuse, not to quote: nginx
 * has no way to quote a `$`, so every type below has an alphabet in which none of nginx's special characters
 * occurs. Each function returns the text to write, or undefined when the value is not of its type.
 */

import { isIP, isIPv4 } from 'node:net';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
// At least two labels: alone, words like "default" and "include" are directives inside a map block.
const HOST_NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)+${LABEL}$`);
const WILDCARD = new RegExp(`^\\*\\.(?=.{1,251}$)(?:${LABEL}\\.)*${LABEL}$`);
const ALL_DIGITS = /\.[0-9]+$/;
const TOKEN = /^[A-Za-z0-9_-]{1,255}$/;
const KEY_AUTHORIZATION = /^[A-Za-z0-9_-]{1,255}\.[A-Za-z0-9_-]{1,255}$/;

/** A lower-case DNS name (RFC 1123) of at least two labels and at most 253 characters, not an IPv4 address. */
export function hostName(text: string): string | undefined {
  return HOST_NAME.test(text) && !ALL_DIGITS.test(text) ? text : undefined;
}

/** A DNS name as certificates have it: a host name, or "*." before a domain of one label or more. */
export function certificateName(text: string): string | undefined {
  return WILDCARD.test(text) ? text : hostName(text);
}

/** An IPv4 or IPv6 literal one can connect to: no zone, not "any", not multicast, not
 * IPv4 in IPv6's clothes. IPv6 comes back in brackets. */
export function backendAddress(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  if (isIPv4(text)) return unusableIPv4(text) ? undefined : text;
  const canonical = new URL(`http://[${text}]/`).hostname;
  return /^\[(?:::\]|ff|::ffff:)/.test(canonical) ? undefined : canonical;
}

/** A port, 1–65535. */
export function portNumber(value: number): string | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 65_535 ? String(value) : undefined;
}

/** A challenge token (RFC 8555, 8.1: base64url). */
export function challengeToken(text: string): string | undefined {
  return TOKEN.test(text) ? text : undefined;
}

/** A key authorization (RFC 8555, 8.1: token, full stop, base64url thumbprint). */
export function keyAuthorization(text: string): string | undefined {
  return KEY_AUTHORIZATION.test(text) ? text : undefined;
}

/** PEM blocks (RFC 7468) and nothing else of a text, for inside a double-quoted string of nginx's. */
export function pemBlocks(text: string): string {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----/g);
  return Array.from(blocks, ([, label, content = '']) => {
    return `-----BEGIN ${label}-----\n${content.split(/\s+/).join('\n')}\n-----END ${label}-----\n`;
  }).join('');
}

/** Plain text inside an HTML page inside a double-quoted string of nginx's: everything special becomes an entity. */
export function htmlText(text: string): string {
  return Array.from(text, (character) =>
    /[\p{L}\p{N} .,:;()-]/u.test(character) ? character : `&#${character.codePointAt(0)};`,
  ).join('');
}

/** A value of the user's in a message, shortened and with control characters made visible. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function unusableIPv4(text: string): boolean {
  const first = Number(text.slice(0, text.indexOf('.')));
  return first === 0 || first >= 224;
}
