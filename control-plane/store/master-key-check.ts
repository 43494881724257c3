import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { Db } from './store.ts';

const NAME = 'secrets.check';
const PLAIN = 'berth';

/**
 * Makes sure at the start that the secrets in this database open with this key: a wrong key file must stop the
 * start, not surface later as one certificate that cannot be served.
 * @throws Error that says so
 */
export async function checkMasterKey(db: Kysely<Database>, secrets: SecretBox, now: number): Promise<void> {
  const row = await readCheck(db);
  if (row) return verify(row, secrets);
  const secret_box = secrets.seal(PLAIN, NAME);
  try {
    await db.insertInto('settings').values({ name: NAME, value: '', secret_box, updated_at: now }).execute();
  } catch (error) {
    // Another replica started at the same moment and was first.
    const theirs = await readCheck(db);
    if (!theirs) throw error;
    verify(theirs, secrets);
  }
}

/** Whether the secrets in this database open with this key; nothing is written. */
export async function masterKeyOpens(db: Db, secrets: SecretBox): Promise<boolean> {
  const row = await readCheck(db);
  try {
    if (row) verify(row, secrets);
    return true;
  } catch {
    return false;
  }
}

async function readCheck(db: Db): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom('settings').select('secret_box').where('name', '=', NAME).executeTakeFirst();
  return row?.secret_box ?? undefined;
}

function verify(box: Uint8Array, secrets: SecretBox): void {
  try {
    secrets.open(box, NAME);
  } catch (cause) {
    throw new Error('the key for secrets is not the one this database was made with', { cause });
  }
}
