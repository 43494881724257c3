import { existsSync } from 'node:fs';
import type { Finding } from '@berth/proto/contract/finding.ts';
import { loadMasterKey } from '../master-key.ts';
import { masterKeyOpens } from '../store/master-key-check.ts';
import { createSecretBox } from '../store/secrets.ts';
import type { Db } from '../store/store.ts';
import { fault, ok, reasonOf } from './check.ts';

/** Whether the key of the secrets is there, and the one that this database's secrets open with. */
export async function masterKeyFindings(db: Db, file: string): Promise<Finding[]> {
  const remedy = 'Put back the key that belongs to this database, from where it is kept or from a backup.';
  if (!existsSync(file)) return [fault('key', `the key of the secrets is not at ${file}`, remedy)];
  let key: Uint8Array;
  try {
    key = loadMasterKey(file);
  } catch (error) {
    return [fault('key', `the key of the secrets cannot be read: ${reasonOf(error)}`, remedy)];
  }
  if (await masterKeyOpens(db, createSecretBox(key))) return [ok('key', `it opens the secrets (${file})`)];
  return [fault('key', `the key at ${file} is not the one of this database`, remedy)];
}
