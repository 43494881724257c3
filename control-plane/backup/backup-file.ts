import { createWriteStream } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupError } from './backup-error.ts';

const DATED = /^berth-\d{8}T\d{6}Z\.backup$/;

/** Where a backup goes: "-" for standard output, a directory for a file in it that is named by the time, or a file. */
export async function targetOf(path: string, now: Date): Promise<string> {
  if (path === '-') return path;
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    if (path.endsWith('/')) throw new BackupError('wrong_file', `The directory ${path} is not there.`);
    return path;
  }
  return join(path, `berth-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.backup`);
}

/**
 * Writes a file that appears whole or not at all: beside its place first, then forced to the disk, then renamed.
 * @returns its size in bytes
 */
export async function writeWhole(path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  if (path === '-') {
    let bytes = 0;
    const counted = async function* () {
      for await (const piece of content) {
        bytes += piece.length;
        yield piece;
      }
    };
    await pipeline(Readable.from(counted(), { objectMode: false }), process.stdout, { end: false });
    return bytes;
  }
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    const stream = createWriteStream(draft, { mode: 0o600, flush: true });
    await pipeline(Readable.from(content, { objectMode: false }), stream);
    await rename(draft, path);
    await syncDirectory(dirname(path));
    return stream.bytesWritten;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes the oldest of the files named by the time in a directory. @returns what was removed */
export async function keepNewest(directory: string, keep: number): Promise<string[]> {
  const dated = (await readdir(directory)).filter((name) => DATED.test(name)).sort();
  const surplus = dated.slice(0, Math.max(0, dated.length - keep));
  for (const name of surplus) await rm(join(directory, name));
  return surplus;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}
