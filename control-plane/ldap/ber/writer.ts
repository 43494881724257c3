/** Writes BER: small functions that give whole elements, for answers that are made once and kept. */

/** Bytes that the length of some contents takes. */
export function lengthSize(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x100) return 2;
  if (length < 0x10000) return 3;
  return length < 0x1000000 ? 4 : 5;
}

/** Writes a length. @returns where writing goes on */
export function writeLength(into: Buffer, at: number, length: number): number {
  let pos = at;
  if (length < 0x80) {
    into[pos++] = length;
    return pos;
  }
  const count = lengthSize(length) - 1;
  into[pos++] = 0x80 | count;
  for (let shift = (count - 1) * 8; shift >= 0; shift -= 8) into[pos++] = (length >>> shift) & 0xff;
  return pos;
}

/** An element around others. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of contents) length += part.length;
  const into = Buffer.allocUnsafe(1 + lengthSize(length) + length);
  into[0] = tag;
  let pos = writeLength(into, 1, length);
  for (const part of contents) {
    into.set(part, pos);
    pos += part.length;
  }
  return into;
}

/** A string. */
export function string(value: string | Uint8Array, tag = 0x04): Buffer {
  return element(tag, typeof value === 'string' ? Buffer.from(value) : value);
}

/** A number from 0 to 2^31 - 1. */
export function integer(value: number, tag = 0x02): Buffer {
  return element(tag, integerContents(value));
}

/** @param value e.g. whether something is critical */
export function boolean(value: boolean): Buffer {
  return Buffer.from([0x01, 0x01, value ? 0xff : 0x00]);
}

function integerContents(value: number): Buffer {
  const size = integerSize(value);
  const into = Buffer.allocUnsafe(size);
  for (let i = size - 1, rest = value; i >= 0; i -= 1, rest = Math.floor(rest / 256)) into[i] = rest & 0xff;
  return into;
}

/** Bytes that a number from 0 to 2^31 - 1 takes: the first bit is the sign. */
export function integerSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x8000) return 2;
  return value < 0x800000 ? 3 : 4;
}
