import { bumpDirectory } from './directory-changes.ts';
import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts a key in. @throws UniqueViolation "ssh_keys_fingerprint" when its person has it already */
export async function insertSshKey(tx: Tx, key: NewRow<'ssh_keys'>): Promise<void> {
  await bumpDirectory(tx, 'user', key.user_id);
  await tx.db.insertInto('ssh_keys').values(key).execute();
}

/** Removes a key of a person. */
export async function deleteSshKey(tx: Tx, { id, user_id }: Pick<Row<'ssh_keys'>, 'id' | 'user_id'>): Promise<void> {
  await bumpDirectory(tx, 'user', user_id);
  await tx.db.deleteFrom('ssh_keys').where('id', '=', id).execute();
}

/** The keys of a person in the order they were added. */
export function sshKeysOf(db: Db, userId: string): Promise<Row<'ssh_keys'>[]> {
  return db
    .selectFrom('ssh_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** One key. */
export function sshKeyById(db: Db, id: string): Promise<Row<'ssh_keys'> | undefined> {
  return db.selectFrom('ssh_keys').selectAll().where('id', '=', id).executeTakeFirst();
}
