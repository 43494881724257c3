/**
 * Distinguished names (RFC 4514). Two names are the same when their keys are: types in lower case by their usual
 * name, values folded and escaped in one way. Reading is our own, since ldapjs's reader (@ldapjs/dn 1.1.0) takes
 * "uid=\c3,ou=people" for one part, "\1," for one character and empty parts for none; its tests serve ours.
 */
import { foldCase } from './syntaxes.ts';

/** One part of a name: type in lower case, and value. */
export interface Ava {
  type: string;
  value: string;
}

/** A name taken apart, the entry's own part first; each part has one pair of type and value, rarely more. */
export type Dn = readonly (readonly Ava[])[];

const LONGEST = 2_048;

/** Reads a name. @returns undefined when it is none */
export function readDn(text: string): Dn | undefined {
  if (text.length > LONGEST) return undefined;
  if (text.trim() === '') return [];
  const rdns: Ava[][] = [[]];
  let pos = 0;
  for (;;) {
    const ava = readAva(text, pos);
    if (!ava) return undefined;
    rdns.at(-1)?.push({ type: ava.type, value: ava.value });
    pos = ava.end;
    if (pos === text.length) return rdns;
    if (text[pos] === ',') rdns.push([]);
    pos += 1;
  }
}

const TYPE = / *(?:oid\.)?([a-z][a-z0-9-]*|\d+(?:\.\d+)+) *= */iy;
/** A value up to what ends it: characters that need no escape, or escaped ones. */
const VALUE = /(?:[^\\",+;<>\0]|\\[ "#+,;<=>\\]|\\[0-9a-f]{2})*/iy;
const HEX = /#((?:[0-9a-f]{2})+) */iy;

function readAva(text: string, from: number): (Ava & { end: number }) | undefined {
  TYPE.lastIndex = from;
  const type = TYPE.exec(text)?.[1];
  if (type === undefined) return undefined;
  const start = TYPE.lastIndex;
  const isHex = text[start] === '#';
  const pattern = isHex ? HEX : VALUE;
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  const end = pattern.lastIndex;
  if (!match || (end < text.length && text[end] !== ',' && text[end] !== '+')) return undefined;
  const value = isHex ? fromBer(match[1] ?? '') : unescapeValue(match[0]);
  return value === undefined ? undefined : { type: usualName(type), value, end };
}

/** The few types that the tree is built of, by their other names. */
const USUAL: Readonly<Record<string, string>> = {
  commonname: 'cn',
  '2.5.4.3': 'cn',
  userid: 'uid',
  '0.9.2342.19200300.100.1.1': 'uid',
  organizationalunitname: 'ou',
  '2.5.4.11': 'ou',
  domaincomponent: 'dc',
  '0.9.2342.19200300.100.1.25': 'dc',
};

function usualName(type: string): string {
  const lower = type.toLowerCase();
  return Object.hasOwn(USUAL, lower) ? (USUAL[lower] as string) : lower;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function unescapeValue(text: string): string | undefined {
  const trimmed = withoutSpacesAtEnd(text);
  if (!trimmed.includes('\\')) return trimmed;
  const bytes: Buffer[] = [];
  for (const [, hex, escaped, plain] of trimmed.matchAll(/\\([0-9a-f]{2})|\\(.)|([^\\]+)/gisu)) {
    bytes.push(hex ? Buffer.from(hex, 'hex') : Buffer.from(escaped ?? plain ?? ''));
  }
  return decode(Buffer.concat(bytes));
}

/** Spaces at the end belong to a value only where they are escaped. */
function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end -= 1;
  let backslash = end;
  while (backslash > 0 && text[backslash - 1] === '\\') backslash -= 1;
  const escapes = (end - backslash) % 2 === 1;
  return text.slice(0, escapes ? end + 1 : end);
}

/** A value as the hexadecimal form of a BER string. */
function fromBer(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  const length = bytes[1] ?? 0x80;
  const isString = bytes[0] === 0x04 || bytes[0] === 0x0c || bytes[0] === 0x13;
  return isString && length < 0x80 && bytes.length === 2 + length ? decode(bytes.subarray(2)) : undefined;
}

/** A value as it stands in a name. */
export function escapeValue(value: string): string {
  return value
    .replace(/[\\",+;<>=]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]|(?<=.) $/gs, '\\$&');
}

/** What names are compared by. */
export function keyOfDn(dn: Dn): string {
  const parts = dn.map((avas) => avas.map(({ type, value }) => `${type}=${escapeValue(foldCase(value))}`).sort());
  return parts.map((avas) => avas.join('+')).join(',');
}

/** Names seen lately with their keys: clients ask for the same few again and again. Two halves, to stay bounded. */
let recent = new Map<string, string | undefined>();
let former = new Map<string, string | undefined>();
const MOST_RECENT = 4_096;

/** What a name is compared by, or undefined when it is no name. */
export function dnKey(text: string): string | undefined {
  if (recent.has(text)) return recent.get(text);
  let key = former.get(text);
  if (key === undefined) {
    const dn = readDn(text);
    key = dn && keyOfDn(dn);
  }
  if (recent.size >= MOST_RECENT) {
    former = recent;
    recent = new Map();
  }
  if (text.length <= LONGEST) recent.set(text, key);
  return key;
}
