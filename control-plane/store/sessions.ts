import type { NewRow, Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

/** A session together with the person it belongs to. */
export type SessionWithUser = Row<'sessions'> & { username: string; status: string };

/** Opens a session. */
export async function insertSession(tx: Tx, session: NewRow<'sessions'>): Promise<void> {
  await tx.db.insertInto('sessions').values(session).execute();
}

/** The session of a token's hash, with its person. */
export function sessionByHash(db: Db, tokenHash: string): Promise<SessionWithUser | undefined> {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['users.username', 'users.status'])
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
}

/** Notes that a session was used, `at` milliseconds since the epoch. */
export async function touchSession(store: Store, id: string, at: number): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db.updateTable('sessions').set({ last_used_at: at }).where('id', '=', id).execute();
  });
}

/** Ends the session of a token's hash, whoever has it. */
export async function deleteSessionByHash(tx: Tx, tokenHash: string): Promise<void> {
  const session = await sessionByHash(tx.db, tokenHash);
  if (session) await deleteSession(tx, session.user_id, session.id);
}

/** Ends a session of a person. @returns whether there was one */
export async function deleteSession(tx: Tx, userId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('sessions')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  tx.nudge({ kind: 'user', id: userId });
  return numDeletedRows > 0n;
}

/** Ends the sessions of a person, but for one that is to stay, if any. @returns how many ended */
export async function endSessions(tx: Tx, userId: string, except = ''): Promise<number> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '!=', except)
    .executeTakeFirst();
  tx.nudge({ kind: 'user', id: userId });
  return Number(numDeletedRows);
}

/** Ends everything by which a person is let in without proving anew who he is: sessions, half-done sign-ins, tokens. */
export async function endAllAccess(tx: Tx, userId: string): Promise<void> {
  await endSessions(tx, userId);
  for (const table of ['pending_sign_ins', 'api_tokens'] as const) {
    await tx.db.deleteFrom(table).where('user_id', '=', userId).execute();
  }
}
