import type { SecretBox } from './secrets.ts';
import type { Db, Tx } from './store.ts';

/** The one-time codes of a person. */
export interface Totp {
  /** Base 32. */
  secret: string;
  /** Null until a first code was right. */
  confirmedAt: number | null;
  /** Time step of the last code taken. */
  lastStep: number | null;
}

const context = (userId: string) => `totp_factors.secret:${userId}`;

/** The one-time codes of a person, confirmed or not. @throws when the master key is another */
export async function totpOf(db: Db, secrets: SecretBox, userId: string): Promise<Totp | undefined> {
  const row = await db.selectFrom('totp_factors').selectAll().where('user_id', '=', userId).executeTakeFirst();
  if (!row) return undefined;
  const secret = secrets.open(row.secret_box, context(userId));
  return { secret, confirmedAt: row.confirmed_at, lastStep: row.last_step };
}

/** Keeps a secret that is still to be confirmed, in the place of another such. @returns false with a confirmed one */
export async function putUnconfirmedTotp(tx: Tx, userId: string, secret: string): Promise<boolean> {
  await tx.db.deleteFrom('totp_factors').where('user_id', '=', userId).where('confirmed_at', 'is', null).execute();
  const there = await tx.db
    .selectFrom('totp_factors')
    .select('user_id')
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (there) return false;
  const secret_box = tx.secrets.seal(secret, context(userId));
  await tx.db.insertInto('totp_factors').values({ user_id: userId, secret_box, created_at: tx.now }).execute();
  return true;
}

/** Takes a code of a time step. @returns false when that one, or a later one, was taken already */
export async function takeTotpStep(tx: Tx, userId: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('totp_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where((row) => row.or([row('last_step', 'is', null), row('last_step', '<', step)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Lets the codes of a person count from now on. */
export async function confirmTotp(tx: Tx, userId: string): Promise<void> {
  await tx.db.updateTable('totp_factors').set({ confirmed_at: tx.now }).where('user_id', '=', userId).execute();
}

/** Removes the one-time codes of a person. @returns whether there were any */
export async function deleteTotp(tx: Tx, userId: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db.deleteFrom('totp_factors').where('user_id', '=', userId).executeTakeFirst();
  return numDeletedRows > 0n;
}
