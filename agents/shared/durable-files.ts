import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a new file and brings it to the disk.
 * @param uid number of the account it is to belong to; ours by default
 * @throws the file system's error; nothing of the file's name remains
 */
export async function writeSynced(
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
  uid?: number,
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode);
    if (uid !== undefined) await file.chown(uid, process.getgid?.() ?? 0);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Replaces a file by one rename, so that a reader finds the old content or the new, also after a power cut. */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
  uid?: number,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeSynced(temporary, content, mode, uid);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** A name for a file that is about to be renamed to `path`. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.new-${randomBytes(6).toString('hex')}`);
}

/** Brings a directory's entries to the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes a private directory with its parents. */
export async function makeDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}

/** The content of a file, or undefined when there is none. @throws every other error */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  return unlessMissing(readFile(path));
}

/** Undefined for "no such file"; every other error is thrown on. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
