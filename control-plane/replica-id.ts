import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from './ids.ts';

/** This replica's identifier: made once, kept in its state directory, so that a restart knows its own traces. */
export function loadReplicaId(stateDir: string, now: number): string {
  const file = join(stateDir, 'replica-id');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const id = newId('rep', now);
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return id;
}
