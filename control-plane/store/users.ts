import { takeNumber } from './counters.ts';
import { bumpDirectory } from './directory-changes.ts';
import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts a person in under the next free number. @throws UniqueViolation "users_username", "users_email" */
export async function insertUser(tx: Tx, user: Omit<NewRow<'users'>, 'uid_number' | 'updated_at'>): Promise<void> {
  const uid_number = await takeNumber(tx, 'uid_number');
  await tx.db
    .insertInto('users')
    .values({ ...user, uid_number, updated_at: tx.now })
    .execute();
  await bumpDirectory(tx, 'user', user.id);
}

/** The person of an address, compared exactly; addresses are kept in small letters. */
export function userByEmail(db: Db, email: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst();
}

/** The person of an identifier. */
export function userById(db: Db, id: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The person of a login name, compared exactly. */
export function userByUsername(db: Db, username: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
}

/** Keeps others from changing a person until the transaction ends; to be called before anything of him is read. */
export async function lockUser(tx: Tx, id: string): Promise<void> {
  await tx.db
    .updateTable('users')
    .set((row) => ({ updated_at: row.ref('updated_at') }))
    .where('id', '=', id)
    .execute();
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
