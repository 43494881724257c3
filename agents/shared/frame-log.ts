import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { readIfThere, replaceFile, syncDirectory } from './durable-files.ts';

/** Bytes before each payload: its length and its CRC-32, both big-endian. */
const HEADER = 8;

/**
 * An append-only file of checksummed frames, 0600. Whatever a crash leaves at its end, opening it finds the frames that
 * were whole and cuts off the rest, so that every prefix of the file is a former state.
 */
export class FrameLog {
  readonly #path: string;
  #file: FileHandle;
  #frames: number;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, frames: number) {
    this.#path = path;
    this.#file = file;
    this.#frames = frames;
  }

  /**
   * Opens or makes a log.
   * @param take is given each whole frame in order; what it answers with false, and all behind it, is cut off
   */
  static async open(path: string, take: (payload: Buffer) => boolean): Promise<FrameLog> {
    const bytes = (await readIfThere(path)) ?? Buffer.alloc(0);
    const { end, frames } = scan(bytes, take);
    const file = await open(path, 'a', 0o600);
    if (end < bytes.length) await file.truncate(end);
    await file.chmod(0o600);
    await file.sync();
    await syncDirectory(dirname(path));
    return new FrameLog(path, file, frames);
  }

  /** Frames in the file. */
  get frames(): number {
    return this.#frames;
  }

  /** Adds a frame; with `sync` it is on the disk when this resolves. */
  append(payload: Uint8Array, sync: boolean): Promise<void> {
    return this.#inTurn(async () => {
      await this.#file.appendFile(frame(payload));
      if (sync) await this.#file.datasync();
      this.#frames += 1;
    });
  }

  /** Replaces everything by these frames, atomically. */
  rewrite(payloads: Uint8Array[]): Promise<void> {
    return this.#inTurn(async () => {
      await replaceFile(this.#path, Buffer.concat(payloads.map(frame)));
      await this.#file.close();
      this.#file = await open(this.#path, 'a', 0o600);
      this.#frames = payloads.length;
    });
  }

  /** Closes the file after what is under way. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#file.close());
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(run);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

/** Reads the whole frames of a log without touching it. */
export async function readFrames(path: string, take: (payload: Buffer) => boolean): Promise<void> {
  scan((await readIfThere(path)) ?? Buffer.alloc(0), take);
}

function frame(payload: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
}

function scan(bytes: Buffer, take: (payload: Buffer) => boolean): { end: number; frames: number } {
  let end = 0;
  let frames = 0;
  while (end + HEADER <= bytes.length) {
    const next = end + HEADER + bytes.readUInt32BE(end);
    if (next > bytes.length) break;
    const payload = bytes.subarray(end + HEADER, next);
    if (crc32(payload) !== bytes.readUInt32BE(end + 4) || !take(payload)) break;
    end = next;
    frames += 1;
  }
  return { end, frames };
}
