import { link, lstat, readFile, rm } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { makeDirectory, replaceFile, syncDirectory, unlessMissing, writeSynced } from './durable-files.ts';

/** Content of one file of a release. */
export interface ReleaseFile {
  content: string | Buffer;
  /** Permission bits; 0644 by default. */
  mode?: number;
  /** Number of the account it belongs to; the agent's own by default. */
  uid?: number;
}

/** The files of a release by their path relative to its directory. */
export type ReleaseFiles = ReadonlyMap<string, ReleaseFile>;

/** Permission bits of a file that names none. */
export const DEFAULT_MODE = 0o644;

/** Files written at the same time: enough to keep a disk busy with fsync. */
const PARALLEL = 16;

/**
 * Writes a release's files into a new directory and brings them to the disk. A file that the live release holds with
 * the same content is hard-linked, so that one change among 10,000 routes costs the files it touches.
 * @param live directory of the live release
 * @throws RangeError when a path would leave the directory
 */
export async function writeRelease(directory: string, files: ReleaseFiles, live?: string): Promise<void> {
  const paths = [...files.keys()];
  for (const path of paths) checkPath(path);
  const directories = directoriesOf(directory, paths);
  for (const each of directories) await makeDirectory(each, 0o755);
  const queue = files.entries();
  await Promise.all(Array.from({ length: PARALLEL }, () => writeFrom(queue, directory, live)));
  for (const each of directories) await syncDirectory(each);
}

function directoriesOf(directory: string, paths: string[]): Set<string> {
  const directories = new Set([directory]);
  for (const path of paths) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) directories.add(join(directory, parent));
  }
  return directories;
}

async function writeFrom(queue: Iterable<[string, ReleaseFile]>, directory: string, live?: string): Promise<void> {
  for (const [path, file] of queue) {
    const target = join(directory, path);
    const source = live && join(live, path);
    if (source && (await holds(source, file)) && (await linked(source, target))) continue;
    await writeSynced(target, file.content, file.mode ?? DEFAULT_MODE, file.uid);
  }
}

/** Whether a regular file has exactly this content, mode and, where one is named, owner. */
export async function holds(path: string, file: ReleaseFile): Promise<boolean> {
  const stats = await unlessMissing(lstat(path));
  if (!stats?.isFile() || (stats.mode & 0o777) !== (file.mode ?? DEFAULT_MODE)) return false;
  if (file.uid !== undefined && stats.uid !== file.uid) return false;
  const wanted = Buffer.from(file.content);
  if (stats.size !== wanted.length) return false;
  const found = await unlessMissing(readFile(path));
  return found?.equals(wanted) ?? false;
}

/** False where the file system has no more links to give (EMLINK) or none at all. */
async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code !== 'EEXIST') return false;
    throw error;
  }
}

/** Puts one file of a live release right by a rename; without content, takes it away. */
export async function restoreFile(directory: string, path: string, file?: ReleaseFile): Promise<void> {
  checkPath(path);
  const target = join(directory, path);
  const stats = await unlessMissing(lstat(target));
  if (!file || stats?.isDirectory()) await rm(target, { recursive: true, force: true });
  if (!file) return;
  await makeDirectory(dirname(target), 0o755);
  await replaceFile(target, file.content, file.mode ?? DEFAULT_MODE, file.uid);
}

function checkPath(path: string): void {
  const outside = path.startsWith('/') || path !== normalize(path) || path.split('/').includes('..');
  if (outside || path === '.' || path === '' || path.endsWith('/')) {
    throw new RangeError(`not a path inside a release: ${JSON.stringify(path)}`);
  }
}
