import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file so that it is there as a whole or as it was, also after a loss of power. One that is there keeps its
 * owner and its mode, and stays a link if it is one; its directory is made when it is missing.
 * @param modes of a file and of a directory that are made
 */
export function writeWhole(path: string, text: string, modes: { file: number; directory: number }): void {
  const there = existsSync(path);
  const file = there ? realpathSync(path) : path;
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: modes.directory });
  const old = there ? statSync(file) : undefined;
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', old ? old.mode & 0o777 : modes.file);
  try {
    if (old) fchownSync(handle, old.uid, old.gid);
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
  syncDirectory(directory);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
