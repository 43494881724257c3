import { timingSafeEqual } from 'node:crypto';
import { administratorExists } from '../store/standing.ts';
import type { Db, Store } from '../store/store.ts';
import { newSetupCode, tokenHash } from './tokens.ts';

const SETTING = 'setup_code_sha256';

/**
 * Makes the code with which the first administrator proves to have access to the machine; only its hash is kept, so
 * each start without an administrator makes a new one.
 * @returns the code for the log and the setup file, or undefined once there is an administrator
 */
export function ensureSetupCode(store: Store): Promise<string | undefined> {
  return store.transaction(async (tx) => {
    await tx.db.deleteFrom('settings').where('name', '=', SETTING).execute();
    if (await administratorExists(tx.db)) return undefined;
    const code = newSetupCode();
    await tx.db
      .insertInto('settings')
      .values({ name: SETTING, value: tokenHash(code), secret_box: null, updated_at: tx.now })
      .execute();
    return code;
  });
}

/** Whether a code is the current one. Spaces and letter case do not matter. */
export async function setupCodeMatches(db: Db, code: string): Promise<boolean> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', SETTING).executeTakeFirst();
  if (!row) return false;
  return timingSafeEqual(Buffer.from(row.value), Buffer.from(tokenHash(code.trim().toLowerCase())));
}
