import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { decryptedCredential, ENCRYPTED_SUFFIX } from './host/credentials.ts';

const KEY_BYTES = 32;

/**
 * The key for secrets at rest, from a file that is made (0600) at the first start. Two processes that start at once
 * end with the same key: the file appears whole, by one link. It may as well be a credential that systemd hands over,
 * and for root one that `systemd-creds encrypt` has made.
 * @throws Error when the file does not hold 32 bytes of base64
 */
export function loadMasterKey(file: string): Uint8Array {
  const existing = read(file);
  if (existing) return existing;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, newMasterKey(), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const key = read(file);
  if (!key) throw new Error(`${file} went away while it was made.`);
  return key;
}

/** A new key as its file holds it. */
export function newMasterKey(): string {
  return `${randomBytes(KEY_BYTES).toString('base64')}\n`;
}

function read(file: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (statSync(file).mode & 0o077) closeToOthers(file);
  const key = decoded(text) ?? (file.endsWith(ENCRYPTED_SUFFIX) ? decoded(decryptedCredential(file)) : undefined);
  if (!key) throw new Error(`${file} does not hold ${KEY_BYTES} bytes of base64.`);
  return key;
}

/**
 * A credential of systemd's lies on a file system that nobody may write to, and is nobody else's to read: where its
 * group seems to have a right, as on Debian 13, that is the mask of an access list with the service's account in it.
 */
function closeToOthers(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
  }
}

function decoded(text: string): Uint8Array | undefined {
  const key = Buffer.from(text.trim(), 'base64');
  return key.length === KEY_BYTES ? key : undefined;
}
