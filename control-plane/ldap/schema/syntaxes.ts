/**
 * How values compare (RFC 4517). A syntax turns a value into its key: values are equal when their keys are, ordered
 * as their keys are, and one contains another when its key does. Values that are none of the syntax have no key, and
 * what is asserted with them is undefined.
 */

/** A way to compare values. */
export interface Syntax {
  /** OID of the syntax. */
  readonly oid: string;
  /** Names of its rules for the subschema. */
  readonly rules: { equality: string; ordering?: string; substrings?: string };
  /** Key of a value, or undefined for what is no value of this syntax. */
  key(value: string): string | number | undefined;
  /** Key of a piece of a value, where pieces can be looked for. */
  piece?(value: string): string | undefined;
}

const FOLDED = /^[!-@[-`{-~]*$/;

/** Letter case and the number of spaces do not matter (RFC 4518, in so far as names of people have need of it). */
export function foldCase(value: string): string {
  if (FOLDED.test(value)) return value;
  return value.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');
}

function foldPiece(value: string): string {
  return FOLDED.test(value) ? value : value.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ');
}

const identity = (value: string) => value;

/** Text in which letter case does not matter. */
export const directoryString: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.15',
  rules: { equality: 'caseIgnoreMatch', substrings: 'caseIgnoreSubstringsMatch' },
  key: foldCase,
  piece: foldPiece,
};

/** ASCII in which letter case does not matter. */
export const ia5String: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.26',
  rules: { equality: 'caseIgnoreIA5Match', substrings: 'caseIgnoreIA5SubstringsMatch' },
  key: foldCase,
  piece: foldPiece,
};

/** ASCII in which letter case matters. */
export const exactString: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.26',
  rules: { equality: 'caseExactIA5Match', substrings: 'caseExactIA5SubstringsMatch' },
  key: identity,
  piece: identity,
};

/** Bytes. */
export const octetString: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.40',
  rules: { equality: 'octetStringMatch' },
  key: identity,
};

/** Whole numbers. */
export const integer: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.27',
  rules: { equality: 'integerMatch', ordering: 'integerOrderingMatch' },
  key: (value) => (/^-?\d{1,15}$/.test(value) ? Number(value) : undefined),
};

/** Names of attributes and classes. */
export const objectIdentifier: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.38',
  rules: { equality: 'objectIdentifierMatch' },
  key: foldCase,
};

/** RFC 4122 in text. */
export const uuid: Syntax = {
  oid: '1.3.6.1.1.16.1',
  rules: { equality: 'UUIDMatch', ordering: 'UUIDOrderingMatch' },
  key: (value) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value.toLowerCase() : undefined),
};

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)$/;

/** Milliseconds since the epoch of a time such as "20260730120000Z", or undefined when it is none. */
export function readTime(value: string): number | undefined {
  const match = TIME.exec(value);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone = 'Z'] = match;
  const [m, d, h, min, s] = [month, day, hour, minute ?? 0, second ?? 0].map(Number) as [number, ...number[]];
  if (m < 1 || m > 12 || Number(d) < 1 || Number(d) > 31 || Number(h) > 23 || Number(min) > 59 || Number(s) > 60) {
    return undefined;
  }
  const unit = second ? 1_000 : minute ? 60_000 : 3_600_000;
  const at = Date.UTC(Number(year), m - 1, Number(d), Number(h), Number(min), Number(s));
  return at + (fraction ? Number(`0.${fraction}`) * unit : 0) - offset(zone);
}

function offset(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3) || 0);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** A time in whole seconds, as SSSD reads it. @param ms milliseconds since the epoch */
export function writeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

/** Points in time. */
export const generalizedTime: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.24',
  rules: { equality: 'generalizedTimeMatch', ordering: 'generalizedTimeOrderingMatch' },
  key: readTime,
};
