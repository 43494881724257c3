import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts a person in. @throws UniqueViolation "users_username" */
export async function insertUser(tx: Tx, user: Row<'users'>): Promise<void> {
  await tx.db.insertInto('users').values(user).execute();
}

/** The person of a login name, compared exactly. */
export function userByUsername(db: Db, username: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
}

/** Login names by identifier. */
export async function usernames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('users')
    .select(['id', 'username'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  return new Map(rows.map((row) => [row.id, row.username]));
}

/** Whether there is an administrator yet. */
export async function administratorExists(db: Db): Promise<boolean> {
  const row = await db.selectFrom('users').select('id').where('administrator', '=', 1).limit(1).executeTakeFirst();
  return row !== undefined;
}
