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

/** Columns of a person that may change; the password has its own function. */
export type UserChange = Partial<Pick<Row<'users'>, 'display_name' | 'email' | 'email_verified' | 'shell' | 'status'>>;

/** Changes a person. @throws UniqueViolation "users_email" */
export async function updateUser(tx: Tx, id: string, change: UserChange): Promise<void> {
  // First of all, because it locks: whoever checks afterwards what may not be changed sees what others changed.
  await bumpDirectory(tx, 'user', id);
  await tx.db
    .updateTable('users')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Gives a person a password as `hashPassword` made it, or none when it is empty. */
export async function setPasswordHash(tx: Tx, id: string, hash: string): Promise<void> {
  await bumpDirectory(tx, 'user', id);
  await tx.db
    .updateTable('users')
    .set({ password_hash: hash, password_changed_at: tx.now, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes a person with all that hangs on him. @throws ReferenceViolation while he owns a container */
export async function deleteUser(tx: Tx, id: string): Promise<void> {
  await bumpDirectory(tx, 'user', id);
  await tx.db.deleteFrom('users').where('id', '=', id).execute();
  tx.nudge({ kind: 'user', id });
}

/** The person of an identifier or login name. */
export function userByReference(db: Db, reference: string): Promise<Row<'users'> | undefined> {
  return db
    .selectFrom('users')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('username', '=', reference)]))
    .executeTakeFirst();
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
