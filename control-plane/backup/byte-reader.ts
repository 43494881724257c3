/** Takes bytes from a stream in amounts of the reader's own choice. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #waiting = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined when fewer are left, which stay. */
  async take(bytes: number): Promise<Buffer | undefined> {
    await this.#fill(bytes);
    return this.#waiting < bytes ? undefined : this.#cut(bytes);
  }

  /** So many bytes, or what is left. */
  async takeUpTo(bytes: number): Promise<Buffer> {
    await this.#fill(bytes);
    return this.#cut(Math.min(bytes, this.#waiting));
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#waiting < bytes && !this.#ended) {
      const { value, done } = await this.#source.next();
      if (done) this.#ended = true;
      else {
        this.#pieces.push(value);
        this.#waiting += value.length;
      }
    }
  }

  #cut(bytes: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#pieces;
    const single = Buffer.from(first.buffer, first.byteOffset, first.length);
    const all = this.#pieces.length === 1 ? single : Buffer.concat(this.#pieces);
    this.#pieces = bytes < all.length ? [all.subarray(bytes)] : [];
    this.#waiting -= bytes;
    return all.subarray(0, bytes);
  }
}
