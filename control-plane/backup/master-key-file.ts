import { existsSync } from 'node:fs';
import { loadMasterKey } from '../master-key.ts';
import { BackupError } from './backup-error.ts';

/** The key of the secrets, where it must be there: a backup without the right one would be worth nothing. */
export function existingMasterKey(file: string): Uint8Array {
  if (!existsSync(file)) {
    const message = `The key of the secrets, ${file}, is not there. Run this on the control plane's host, as root or as the service's user.`;
    throw new BackupError('wrong_file', message);
  }
  return loadMasterKey(file);
}
