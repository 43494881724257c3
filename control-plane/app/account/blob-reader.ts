/** Reads the fields of an SSH key blob (RFC 4251, section 5); undefined where there is none as asked for. */
export class BlobReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A string: its length in four bytes, and so many bytes. */
  string(): Buffer | undefined {
    if (this.#at + 4 > this.#bytes.length) return undefined;
    const start = this.#at + 4;
    const end = start + this.#bytes.readUInt32BE(this.#at);
    if (end > this.#bytes.length) return undefined;
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** A positive whole number in its only right form: no sign, no leading zeros but one before a high bit. */
  positive(): bigint | undefined {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes ?? [];
    if (!bytes || bytes.length === 0 || first >= 0x80) return undefined;
    if (first === 0 && second < 0x80) return undefined;
    return BigInt(`0x${bytes.toString('hex')}`);
  }

  /** Whether everything has been read. */
  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}
