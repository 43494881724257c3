/** Types of records (RFC 1035, 3.2.2 and later). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  CAA: 257,
  TSIG: 250,
  ANY: 255,
} as const;

/** Classes (RFC 1035, 3.2.4; RFC 2136, 1.3). */
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;

/** Kinds of messages. */
export const OPCODE = { QUERY: 0, UPDATE: 5 } as const;

/** Answers in a message's head (RFC 1035, RFC 2136, 2.2) and in a TSIG (RFC 8945, 3). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADSIG: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADTRUNC: 22,
} as const;

/** What a number is called, such as "REFUSED" or "RCODE 23". */
export function rcodeName(code: number): string {
  return nameIn(RCODE, code) ?? `RCODE ${code}`;
}

/** What a type is called, such as "TXT" or "TYPE65". */
export function typeName(type: number): string {
  return nameIn(TYPE, type) ?? `TYPE${type}`;
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
