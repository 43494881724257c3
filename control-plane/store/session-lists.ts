import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** The sessions of a person that are neither too old nor unused for too long, last used first. */
export function sessionsOf(
  db: Db,
  userId: string,
  { now, idleMs }: { now: number; idleMs: number },
): Promise<Row<'sessions'>[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .where('last_used_at', '>', now - idleMs)
    .orderBy('last_used_at', 'desc')
    .orderBy('id')
    .execute();
}

/** Notes that the person of a session has proved once more who he is. */
export async function proveSession(tx: Tx, id: string): Promise<void> {
  await tx.db.updateTable('sessions').set({ authenticated_at: tx.now }).where('id', '=', id).execute();
}
