import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { BackupError } from './backup-error.ts';

const KEY_BYTES = 32;

/** The key of backups, from a file of its own. @throws BackupError "wrong_file" */
export function readKeyFile(file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'is not there' : `cannot be read: ${(cause as Error).message}`;
    throw new BackupError('wrong_file', `The key file ${file} ${why}.`, { cause });
  }
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === KEY_BYTES) return key;
  throw new BackupError('wrong_file', `The file ${file} holds no key of backups (${KEY_BYTES} bytes in base64).`);
}

/**
 * The same, and a new key where there is none yet.
 * @returns the key and whether it was made now
 */
export function readOrMakeKeyFile(file: string): { key: Uint8Array; made: boolean } {
  try {
    // Fails where there is one: a key that backups were made with is never written over.
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    fsyncSync(handle);
    closeSync(handle);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return { key: readKeyFile(file), made: false };
    throw new BackupError('wrong_file', `The key file ${file} cannot be made: ${(cause as Error).message}.`, { cause });
  }
  return { key: readKeyFile(file), made: true };
}
