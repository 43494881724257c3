/**
 * Cuts a stream of bytes into LDAP messages. It needs nothing of a message but its first bytes, keeps at most one
 * unfinished one, and copies no byte more than about twice however small the pieces come.
 */

/** Gets each whole message where it lies; returns whether more are wanted. */
export type TakeMessage = (bytes: Buffer, start: number, end: number) => boolean;

/** What is wrong with a stream beyond repair, or bytes after the message that was to be the last. */
export type FramingFault = 'not-a-message' | 'too-large' | 'bytes-after-last';

const SEQUENCE = 0x30;
/** First memory for an unfinished message; a length in a header is a claim, not yet bytes that came. */
const FIRST_BYTES = 512;
const LONGEST_HEADER = 6;

/** The state of one stream. */
export class Framing {
  /** Largest message taken, header included, in bytes. */
  limit: number;
  #pending: Buffer | undefined;
  #filled = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether part of a message has come and the rest has not. */
  get unfinished(): boolean {
    return this.#filled > 0;
  }

  /** Takes the next bytes. @returns what ends the stream, if anything does */
  push(chunk: Buffer, take: TakeMessage): FramingFault | undefined {
    let pos = 0;
    if (this.#filled > 0) {
      const used = this.#complete(chunk, take);
      if (typeof used === 'string') return used;
      pos = used;
    }
    while (pos < chunk.length) {
      const size = messageSize(chunk, pos, chunk.length);
      if (size === BAD) return 'not-a-message';
      if (size > this.limit) return 'too-large';
      if (size === UNKNOWN || size > chunk.length - pos) {
        this.#keep(chunk, pos, chunk.length);
        return undefined;
      }
      pos += size;
      if (!take(chunk, pos - size, pos)) return pos < chunk.length ? 'bytes-after-last' : undefined;
    }
    return undefined;
  }

  /** Fills up the unfinished message. @returns how many bytes of the chunk went into it, or what is wrong */
  #complete(chunk: Buffer, take: TakeMessage): number | FramingFault {
    let pos = 0;
    let size = this.#size();
    // Byte by byte until the header is whole, so that nothing of the next message is taken along.
    while (size === UNKNOWN && pos < chunk.length) {
      this.#keep(chunk, pos, pos + 1);
      pos += 1;
      size = this.#size();
    }
    if (size === BAD) return 'not-a-message';
    if (size === UNKNOWN) return pos;
    if (size > this.limit) return 'too-large';
    const missing = Math.min(size - this.#filled, chunk.length - pos);
    this.#keep(chunk, pos, pos + missing);
    pos += missing;
    if (this.#filled < size) return pos;
    const message = this.#pending as Buffer;
    this.#pending = undefined;
    this.#filled = 0;
    if (take(message, 0, size)) return pos;
    return pos < chunk.length ? 'bytes-after-last' : pos;
  }

  #size(): number {
    return this.#pending ? messageSize(this.#pending, 0, this.#filled) : UNKNOWN;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.#filled + to - from;
    if (!this.#pending || this.#pending.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST_BYTES, needed, 2 * (this.#pending?.length ?? 0)));
      this.#pending?.copy(grown, 0, 0, this.#filled);
      this.#pending = grown;
    }
    chunk.copy(this.#pending, this.#filled, from, to);
    this.#filled = needed;
  }
}

const UNKNOWN = -1;
const BAD = -2;

/** Bytes of the message that begins at `pos`, header included; UNKNOWN while its header is not whole. */
function messageSize(bytes: Buffer, pos: number, end: number): number {
  if (bytes[pos] !== SEQUENCE) return BAD;
  if (pos + 2 > end) return UNKNOWN;
  const first = bytes[pos + 1] as number;
  if (first < 0x80) return 2 + first;
  const header = 2 + first - 0x80;
  if (first === 0x80 || header > LONGEST_HEADER) return BAD;
  if (pos + header > end) return UNKNOWN;
  let length = 0;
  for (let at = pos + 2; at < pos + header; at += 1) length = length * 256 + (bytes[at] as number);
  return header + length;
}
