/**
 * Reads BER as LDAP uses it (RFC 4511, 5.1: definite lengths only). It never looks past the end of the message, and
 * every element lies inside its parent, or reading ends: an overrunning length is what stops stock servers.
 */

/** What a message is refused with. One object for all, so that a flood of bad messages costs no stack traces. */
export class MalformedBer extends Error {}
const MALFORMED = new MalformedBer('an element does not lie inside its parent, or is of another type');

/** Tags of the universal class. */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const OCTET_STRING = 0x04;
export const ENUMERATED = 0x0a;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** A cursor over one message. Elements are taken in order; each call says where the parent ends. */
export class BerReader {
  readonly bytes: Buffer;
  /** Where reading goes on. */
  pos: number;
  /** Where the contents of the element last opened end. */
  end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
  }

  /** Tag of the element that comes next before `limit`, or -1 where nothing comes. */
  peek(limit: number): number {
    return this.pos < limit ? (this.bytes[this.pos] ?? -1) : -1;
  }

  /**
   * Opens the next element: `pos` is then at its contents and `end` where they end.
   * @returns its tag @throws MalformedBer
   */
  open(limit: number): number {
    const { bytes } = this;
    let pos = this.pos;
    if (pos + 2 > limit) throw MALFORMED;
    const tag = bytes[pos++] as number;
    // A tag number above 30 takes more bytes; LDAP has none.
    if ((tag & 0x1f) === 0x1f) throw MALFORMED;
    let length = bytes[pos++] as number;
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count === 0 || count > 4 || pos + count > limit) throw MALFORMED;
      length = 0;
      for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[pos++] as number);
    }
    if (length > limit - pos) throw MALFORMED;
    this.pos = pos;
    this.end = pos + length;
    return tag;
  }

  /** Opens an element of one type. @returns where it ends @throws MalformedBer */
  expect(tag: number, limit: number): number {
    if (this.open(limit) !== tag) throw MALFORMED;
    return this.end;
  }

  /** Refuses what is left over in an element. @throws MalformedBer */
  close(end: number): void {
    if (this.pos !== end) throw MALFORMED;
  }

  /** The contents of a string, shared with the message. @throws MalformedBer */
  octets(tag: number, limit: number): Buffer {
    const end = this.expect(tag, limit);
    const value = this.bytes.subarray(this.pos, end);
    this.pos = end;
    return value;
  }

  /** A string as text; bytes that are not UTF-8 become U+FFFD, which no entry has. @throws MalformedBer */
  text(tag: number, limit: number): string {
    const end = this.expect(tag, limit);
    const value = this.bytes.toString('utf8', this.pos, end);
    this.pos = end;
    return value;
  }

  /** A string with one character a byte, for keys and names that are ASCII. @throws MalformedBer */
  latin1(tag: number, limit: number): string {
    const end = this.expect(tag, limit);
    const value = this.bytes.toString('latin1', this.pos, end);
    this.pos = end;
    return value;
  }

  /** An integer from 0 to 2^31 - 1: LDAP knows no other. @throws MalformedBer */
  integer(tag: number, limit: number): number {
    const end = this.expect(tag, limit);
    const { bytes } = this;
    const length = end - this.pos;
    if (length < 1 || length > 4 || (bytes[this.pos] as number) >= 0x80) throw MALFORMED;
    let value = 0;
    while (this.pos < end) value = value * 256 + (bytes[this.pos++] as number);
    return value;
  }

  /** @throws MalformedBer */
  boolean(tag: number, limit: number): boolean {
    const end = this.expect(tag, limit);
    if (end - this.pos !== 1) throw MALFORMED;
    return this.bytes[this.pos++] !== 0;
  }
}

/** Refuses what cannot be read on. */
export function malformed(): never {
  throw MALFORMED;
}
