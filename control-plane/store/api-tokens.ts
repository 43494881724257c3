import type { NewRow, Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

/** A token together with the person it belongs to. */
export type ApiTokenWithUser = Row<'api_tokens'> & { username: string; status: Row<'users'>['status'] };

/** Puts a token in. */
export async function insertApiToken(tx: Tx, token: NewRow<'api_tokens'>): Promise<void> {
  await tx.db.insertInto('api_tokens').values(token).execute();
}

/** The token of a hash, with its person. */
export function apiTokenByHash(db: Db, tokenHash: string): Promise<ApiTokenWithUser | undefined> {
  return withUsers(db).where('token_hash', '=', tokenHash).executeTakeFirst();
}

/** The token of an identifier, with its person. */
export function apiTokenById(db: Db, id: string): Promise<ApiTokenWithUser | undefined> {
  return withUsers(db).where('api_tokens.id', '=', id).executeTakeFirst();
}

/** Tokens of a person, newest first, up to `limit` after `key`. */
export function apiTokensOf(
  db: Db,
  userId: string,
  key: string | undefined,
  limit: number,
): Promise<ApiTokenWithUser[]> {
  let query = withUsers(db).where('user_id', '=', userId).orderBy('api_tokens.id', 'desc').limit(limit);
  if (key !== undefined) query = query.where('api_tokens.id', '<', key);
  return query.execute();
}

/** Notes that a token was used, `at` milliseconds since the epoch. */
export async function touchApiToken(store: Store, id: string, at: number, address: string): Promise<void> {
  await store.transaction(async (tx) => {
    const set = { last_used_at: at, last_used_address: address.slice(0, 64) };
    await tx.db.updateTable('api_tokens').set(set).where('id', '=', id).execute();
  });
}

/** Revokes a token: calls under way that last end too. */
export async function deleteApiToken(tx: Tx, token: Pick<Row<'api_tokens'>, 'id' | 'user_id'>): Promise<void> {
  await tx.db.deleteFrom('api_tokens').where('id', '=', token.id).execute();
  tx.nudge({ kind: 'user', id: token.user_id });
}

function withUsers(db: Db) {
  return db
    .selectFrom('api_tokens')
    .innerJoin('users', 'users.id', 'api_tokens.user_id')
    .selectAll('api_tokens')
    .select(['users.username', 'users.status']);
}
