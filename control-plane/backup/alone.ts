import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from './backup-error.ts';
import type { RawDatabase } from './raw-database.ts';

/** A connection that was closed a moment ago is still counted by its engine. */
const LOOKS = 5;
const PAUSE_MS = 100;

/** Makes sure that nobody else uses a database. @throws BackupError "in_use" in these words */
export async function requireAlone(raw: RawDatabase, words: string): Promise<void> {
  for (let look = 1; (await raw.others()) > 0; look++) {
    if (look >= LOOKS) throw new BackupError('in_use', words);
    await wait(PAUSE_MS);
  }
}
