/**
 * The envelope of a backup: a header in clear, then chunks of the content under AES-256-GCM, each with its number and
 * whether it is the last, both authenticated. So a reader tells apart, and names, a file that was cut off, put together
 * in another order, changed, or made with another key; and it gives out nothing that it has not authenticated. The
 * layout is described in docs/backup-format.md.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { BackupError } from './backup-error.ts';
import { ByteReader } from './byte-reader.ts';

const MAGIC = Buffer.from('BERTHBAK');
const FORMAT = 1;
const HEADER_MAX_BYTES = 64 << 10;
/** Content of a chunk; what is read and written at once. */
const CHUNK_BYTES = 256 << 10;
const CHUNK_MAX_BYTES = 16 << 20;
const CHUNK_HEAD_BYTES = 9;
const TAG_BYTES = 16;

const headerShape = z.object({
  format: z.number().int().min(1),
  /** Version of the Berth that made it. */
  berth: z.string(),
  /** Newest migration of the tables in it. */
  schema: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
  /** By which to find the key. */
  keyId: z.string(),
  /** base64; makes the key of the chunks this file's own. */
  salt: z.string(),
});

/** What stands in clear before the content. */
export type Header = z.infer<typeof headerShape>;

/** What a header is made of. */
export type About = Pick<Header, 'berth' | 'schema' | 'madeAt'>;

/** By which people find the key of a backup: 16 hex digits that tell nothing of the key itself. */
export function keyIdOf(key: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', key, '', 'berth backup key id', 8)).toString('hex');
}

/** Seals content: the header first, then chunk by chunk. @param key 32 bytes */
export async function* seal(about: About, key: Uint8Array, content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const salt = randomBytes(32);
  const header: Header = { format: FORMAT, ...about, keyId: keyIdOf(key), salt: salt.toString('base64') };
  const bytes = headerBytes(header);
  yield bytes;
  const chunks = new Chunks(key, salt, bytes);
  let number = 0;
  let waiting: Buffer | undefined;
  for await (const piece of cut(content, CHUNK_BYTES)) {
    if (waiting) yield chunks.seal(waiting, number++, false);
    waiting = piece;
  }
  yield chunks.seal(waiting ?? Buffer.alloc(0), number, true);
}

/**
 * Opens a sealed file. The header has been read when this resolves; it is authenticated with the first chunk.
 * @throws BackupError naming what is wrong, here and while the content is read
 */
export async function openSealed(
  source: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): Promise<{ header: Header; content: AsyncGenerator<Buffer> }> {
  const { header, bytes, reader } = await readHeader(source);
  const keyId = keyIdOf(key);
  if (header.keyId !== keyId) {
    throw new BackupError(
      'wrong_key',
      `This backup was made with the key ${header.keyId}; the one given is ${keyId}. Give the key file it was made with.`,
    );
  }
  return { header, content: openChunks(reader, new Chunks(key, Buffer.from(header.salt, 'base64'), bytes)) };
}

/** Reads what stands in clear, without any key. @throws BackupError "not_a_backup", "truncated" or "too_new" */
export async function readHeader(
  source: AsyncIterable<Uint8Array>,
): Promise<{ header: Header; bytes: Buffer; reader: ByteReader }> {
  const reader = new ByteReader(source);
  const start = await reader.take(MAGIC.length + 4);
  if (!start?.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new BackupError('not_a_backup', 'This file is no backup made by "berth backup".');
  }
  const length = start.readUInt32BE(MAGIC.length);
  const json = length <= HEADER_MAX_BYTES ? await reader.take(length) : undefined;
  if (!json) throw new BackupError('truncated', 'This backup ends within its header: it was cut off.');
  return { header: parseHeader(json), bytes: Buffer.concat([start, json]), reader };
}

function parseHeader(json: Buffer): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new BackupError('changed', 'The header of this backup was changed.', { cause });
  }
  const { format } = z.object({ format: z.number().catch(0) }).parse(parsed);
  if (format > FORMAT) {
    throw new BackupError('too_new', `This backup has format ${format}; this Berth reads up to ${FORMAT}. Update it.`);
  }
  const header = headerShape.safeParse(parsed);
  if (!header.success) throw new BackupError('changed', 'The header of this backup was changed.');
  return header.data;
}

function headerBytes(header: Header): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([MAGIC, length, json]);
}

async function* openChunks(reader: ByteReader, chunks: Chunks): AsyncGenerator<Buffer> {
  for (let number = 0; ; number++) {
    const head = await reader.take(CHUNK_HEAD_BYTES);
    if (!head) throw cutOff(number);
    const last = head[0] === 1;
    const found = head.readUInt32BE(1);
    const length = head.readUInt32BE(5);
    if ((head[0] ?? 0) > 1 || length < TAG_BYTES || length > CHUNK_MAX_BYTES) throw changed(number);
    if (found !== number) {
      throw new BackupError('reordered', `Part ${found} of this backup stands where part ${number} belongs.`);
    }
    const sealed = await reader.take(length);
    if (!sealed) throw cutOff(number);
    yield chunks.open(sealed, number, last);
    if (!last) continue;
    if (await reader.take(1)) throw new BackupError('changed', 'Something was appended to this backup.');
    return;
  }
}

function cutOff(number: number): BackupError {
  return new BackupError('truncated', `This backup ends in part ${number}, before its end: it was cut off.`);
}

function changed(number: number): BackupError {
  const what = number === 0 ? 'The header or part 0' : `Part ${number}`;
  return new BackupError('changed', `${what} of this backup was changed.`);
}

/** Seals and opens the chunks of one file. */
class Chunks {
  readonly #key: Buffer;
  readonly #header: Buffer;

  constructor(key: Uint8Array, salt: Buffer, header: Buffer) {
    // Every file has a key of its own, so that numbers can be nonces.
    this.#key = Buffer.from(hkdfSync('sha256', key, salt, 'berth backup chunks v1', 32));
    this.#header = createHash('sha256').update(header).digest();
  }

  seal(plain: Buffer, number: number, last: boolean): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(number, last)).setAAD(this.#header);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const head = Buffer.alloc(CHUNK_HEAD_BYTES);
    head[0] = last ? 1 : 0;
    head.writeUInt32BE(number, 1);
    head.writeUInt32BE(sealed.length, 5);
    return Buffer.concat([head, sealed]);
  }

  /** @throws BackupError "changed" */
  open(sealed: Buffer, number: number, last: boolean): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(number, last)).setAAD(this.#header);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw changed(number);
    }
  }
}

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce[0] = last ? 1 : 0;
  nonce.writeUInt32BE(number, 8);
  return nonce;
}

/** The same bytes in pieces of one size, the last one shorter. */
async function* cut(content: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  const reader = new ByteReader(content);
  for (;;) {
    const piece = await reader.takeUpTo(bytes);
    if (piece.length === 0) return;
    yield piece;
  }
}
