const MAX_LABEL = 63;
const MAX_NAME = 255;
/** More pointers than any honest name has. */
const MAX_POINTERS = 64;

/** Something that is not what RFC 1035 says a message looks like. */
export class MalformedMessage extends Error {
  constructor(what: string) {
    super(`malformed DNS message: ${what}`);
    this.name = 'MalformedMessage';
  }
}

/**
 * A name as on the wire (RFC 1035, 3.1), in lower case as digests want it (RFC 8945, 4.3.3).
 * @param name without escapes, with a dot at the end or without; "" and "." are the root
 * @throws RangeError on an empty or long label, or a long name
 */
export function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').toLowerCase().split('.');
  const parts = name === '' || name === '.' ? [] : labels.map(encodeLabel);
  const wire = Buffer.concat([...parts, Buffer.from([0])]);
  if (wire.length > MAX_NAME) throw new RangeError(`the name ${name} is longer than ${MAX_NAME} bytes`);
  return wire;
}

function encodeLabel(label: string): Buffer {
  const bytes = Buffer.from(label, 'latin1');
  if (bytes.length < 1 || bytes.length > MAX_LABEL) throw new RangeError(`a label takes 1–${MAX_LABEL} bytes`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** A name that was read, and where what follows it begins. */
export interface ReadName {
  /** In lower case, without a dot at the end; dots and what is not printable within a label as \DDD. */
  name: string;
  end: number;
}

/** Reads a name with its pointers (RFC 1035, 4.1.4). @throws MalformedMessage */
export function decodeName(message: Buffer, start: number): ReadName {
  const labels: string[] = [];
  let [at, end, length] = [start, -1, 1];
  for (let pointers = 0; ; ) {
    const size = byteAt(message, at);
    if (size === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end };
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | byteAt(message, at + 1);
      if (++pointers > MAX_POINTERS || target >= at) throw new MalformedMessage('a pointer that leads nowhere');
      if (end < 0) end = at + 2;
      at = target;
      continue;
    }
    if (size > MAX_LABEL) throw new MalformedMessage('a label of an unknown kind');
    length += size + 1;
    if (length > MAX_NAME || at + 1 + size > message.length) throw new MalformedMessage('a name that does not end');
    labels.push(readLabel(message.subarray(at + 1, at + 1 + size)));
    at += size + 1;
  }
}

function byteAt(message: Buffer, at: number): number {
  const byte = message[at];
  if (byte === undefined) throw new MalformedMessage('it ends within a name');
  return byte;
}

function readLabel(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^!-~]|[.\\]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`)
    .toLowerCase();
}
