import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** The last moment that 48 bits can tell. */
const MAX_TIME = 2 ** 48 - 1;

/** Prefixes of identifiers, one a kind of object. */
export type IdKind =
  | 'usr'
  | 'ses'
  | 'sit'
  | 'dom'
  | 'dgr'
  | 'acm'
  | 'crt'
  | 'mct'
  | 'chl'
  | 'wrn'
  | 'nod'
  | 'ctr'
  | 'svc'
  | 'agt'
  | 'jtk'
  | 'cnd'
  | 'cmd'
  | 'opn'
  | 'aud'
  | 'req'
  | 'rep'
  | 'grp'
  | 'gme'
  | 'key'
  | 'mem'
  | 'adm'
  | 'acr'
  | 'tok'
  | 'psk'
  | 'rcv'
  | 'psi'
  | 'lnk'
  | 'mil'
  | 'idp'
  | 'oid'
  | 'txt'
  | 'dnp'
  | 'rec'
  | 'aps'
  | 'asc';

/**
 * A new identifier such as "ctr-01jf3k…": the kind, 48 bits of time and 80 random bits in Crockford's base 32, so
 * that identifiers of one kind sort by their making.
 * @param now milliseconds since the epoch
 */
export function newId(kind: IdKind, now: number): string {
  return idOf(kind, now, randomBytes(10));
}

/** Where identifiers made at some moment or later begin: none of an earlier one is as great. */
export function firstId(kind: IdKind, now: number): string {
  return idOf(kind, Math.min(Math.max(Math.trunc(now), 0), MAX_TIME), Buffer.alloc(10));
}

function idOf(kind: IdKind, now: number, random: Uint8Array): string {
  const bytes = Buffer.concat([Buffer.alloc(6), random]);
  bytes.writeUIntBE(now, 0, 6);
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return `${kind}-${text}`;
}
