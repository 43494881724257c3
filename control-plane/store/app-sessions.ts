/** Apps that Berth sessions are signed in to, and the one-time codes on the way there. Both end with their session. */
import type { CompiledQuery } from 'kysely';
import { newId } from '../ids.ts';
import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Everything that decides whether a session of an app may go on, as it is at one moment. */
export type AppSessionState = Pick<Row<'app_sessions'>, 'id' | 'host' | 'session_id' | 'user_id' | 'last_seen_at'> &
  Pick<Row<'sessions'>, 'expires_at' | 'last_used_at'> &
  Pick<Row<'users'>, 'username' | 'email' | 'email_verified' | 'status'> & {
    /** Of what the directory shows: while it is the same, so is who belongs to what. */
    directory_revision: number;
    /** The service asked for; null where it is gone. */
    container_id: string | null;
    options: string | null;
  };

/** Stand for what differs from one look to the next. */
const SESSION = ':session';
const SERVICE = ':service';
const looks = new WeakMap<Db, CompiledQuery<AppSessionState>>();

/**
 * Reads the session of an app, and the service it asks for, in one look by primary keys. It is asked for at every request
 * to every app, so its SQL is made once: making it costs as much as the look itself.
 */
export async function appSessionState(db: Db, id: string, serviceId: string): Promise<AppSessionState | undefined> {
  const look = looks.get(db) ?? compiledLook(db);
  looks.set(db, look);
  const values = new Map<unknown, string>([
    [SESSION, id],
    [SERVICE, serviceId],
  ]);
  const parameters = look.parameters.map((parameter) => values.get(parameter) ?? parameter);
  return (await db.executeQuery<AppSessionState>({ ...look, parameters })).rows[0];
}

function compiledLook(db: Db): CompiledQuery<AppSessionState> {
  return db
    .selectFrom('app_sessions as a')
    .innerJoin('sessions as s', 's.id', 'a.session_id')
    .innerJoin('users as u', 'u.id', 'a.user_id')
    .innerJoin('counters as c', (join) => join.on('c.name', '=', 'directory_revision'))
    .leftJoin('services as v', (join) => join.on('v.id', '=', SERVICE))
    .select(['a.id', 'a.host', 'a.session_id', 'a.user_id', 'a.last_seen_at', 's.expires_at', 's.last_used_at'])
    .select(['u.username', 'u.email', 'u.email_verified', 'u.status', 'c.value as directory_revision'])
    .select(['v.container_id', 'v.options'])
    .where('a.id', '=', SESSION)
    .compile();
}

/** Opens the session of an app, in place of one that the same Berth session had there. @returns its identifier */
export async function openAppSession(
  tx: Tx,
  { sessionId, userId, host }: { sessionId: string; userId: string; host: string },
): Promise<string> {
  await tx.db.deleteFrom('app_sessions').where('session_id', '=', sessionId).where('host', '=', host).execute();
  const id = newId('aps', tx.now);
  const times = { created_at: tx.now, last_seen_at: tx.now };
  await tx.db
    .insertInto('app_sessions')
    .values({ id, session_id: sessionId, user_id: userId, host, ...times })
    .execute();
  return id;
}

/** Notes that an app, and with it the Berth session, is in use. */
export async function touchAppSession(tx: Tx, id: string, sessionId: string): Promise<void> {
  await tx.db.updateTable('app_sessions').set({ last_seen_at: tx.now }).where('id', '=', id).execute();
  await tx.db.updateTable('sessions').set({ last_used_at: tx.now }).where('id', '=', sessionId).execute();
}

/** Ends the session of an app. */
export async function deleteAppSession(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('app_sessions').where('id', '=', id).execute();
}

/** Apps a person is signed in to by sessions that live, newest first. @param after identifier, or undefined */
export function appSessionsOf(
  db: Db,
  userId: string,
  { now, idleMs, after, limit }: { now: number; idleMs: number; after: string | undefined; limit: number },
): Promise<Row<'app_sessions'>[]> {
  let query = db
    .selectFrom('app_sessions as a')
    .innerJoin('sessions as s', 's.id', 'a.session_id')
    .selectAll('a')
    .where('a.user_id', '=', userId)
    .where('s.expires_at', '>', now)
    .where('s.last_used_at', '>', now - idleMs)
    .orderBy('a.id', 'desc')
    .limit(limit);
  if (after !== undefined) query = query.where('a.id', '<', after);
  return query.execute();
}

/** Keeps a one-time code. */
export async function insertAppCode(tx: Tx, code: Omit<NewRow<'app_sign_in_codes'>, 'id'>): Promise<void> {
  await tx.db
    .insertInto('app_sign_in_codes')
    .values({ id: newId('asc', tx.now), ...code })
    .execute();
}

/** Takes a one-time code, which is worth nothing afterwards. @returns undefined when there is none, or it is too old */
export async function takeAppCode(tx: Tx, codeHash: string): Promise<Row<'app_sign_in_codes'> | undefined> {
  const row = await tx.db
    .selectFrom('app_sign_in_codes')
    .selectAll()
    .where('code_hash', '=', codeHash)
    .executeTakeFirst();
  if (!row) return undefined;
  const { numDeletedRows } = await tx.db.deleteFrom('app_sign_in_codes').where('id', '=', row.id).executeTakeFirst();
  return numDeletedRows === 1n && row.expires_at > tx.now ? row : undefined;
}

/** Drops codes that are too old. */
export async function pruneAppCodes(tx: Tx): Promise<void> {
  await tx.db.deleteFrom('app_sign_in_codes').where('expires_at', '<=', tx.now).execute();
}
