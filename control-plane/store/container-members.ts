import { newId } from '../ids.ts';
import { bumpDirectory } from './directory-changes.ts';
import { type HolderId, holderColumns, holderIs } from './holders.ts';
import type { Row } from './schema.ts';
import type { GrantedRole } from './schema-directory.ts';
import type { Db, Tx } from './store.ts';

/** A membership with the names of those it is about. */
export interface NamedMember extends Row<'container_members'> {
  username: string | null;
  user_display_name: string | null;
  group_name: string | null;
  group_description: string | null;
  granted_by_name: string | null;
}

/** The members of a container by their making, the owner not among them. @param after identifier, or undefined */
export function membersOf(
  db: Db,
  containerId: string,
  after: string | undefined,
  limit: number,
): Promise<NamedMember[]> {
  let query = db
    .selectFrom('container_members as m')
    .leftJoin('users as u', 'u.id', 'm.user_id')
    .leftJoin('groups as g', 'g.id', 'm.group_id')
    .leftJoin('users as giver', 'giver.id', 'm.granted_by')
    .selectAll('m')
    .select(['u.username', 'u.display_name as user_display_name', 'giver.username as granted_by_name'])
    .select(['g.name as group_name', 'g.description as group_description'])
    .where('m.container_id', '=', containerId)
    .orderBy('m.id')
    .limit(limit);
  if (after !== undefined) query = query.where('m.id', '>', after);
  return query.execute();
}

/** How many members a container has, the owner not among them. */
export async function countMembers(db: Db, containerId: string): Promise<number> {
  const row = await db
    .selectFrom('container_members')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('container_id', '=', containerId)
    .executeTakeFirstOrThrow();
  return row.n;
}

/** The role a person or group itself was given, if any. */
export function memberOf(db: Db, containerId: string, holder: HolderId): Promise<Row<'container_members'> | undefined> {
  return db
    .selectFrom('container_members')
    .selectAll()
    .where('container_id', '=', containerId)
    .where(...holderIs(holder))
    .executeTakeFirst();
}

/** Gives a role, in place of the one before. The container's row is locked by the caller. */
export async function putMember(
  tx: Tx,
  containerId: string,
  holder: HolderId,
  given: { role: GrantedRole; by: string },
): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('container_members')
    .set({ role: given.role, granted_by: given.by })
    .where('container_id', '=', containerId)
    .where(...holderIs(holder))
    .executeTakeFirst();
  if (numUpdatedRows === 0n) {
    const row = { id: newId('mem', tx.now), container_id: containerId, ...holderColumns(holder), created_at: tx.now };
    await tx.db
      .insertInto('container_members')
      .values({ ...row, role: given.role, granted_by: given.by })
      .execute();
  }
  await moved(tx, containerId);
}

/** Takes a role away. @returns whether there was one */
export async function deleteMember(tx: Tx, containerId: string, holder: HolderId): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('container_members')
    .where('container_id', '=', containerId)
    .where(...holderIs(holder))
    .executeTakeFirst();
  await moved(tx, containerId);
  return numDeletedRows > 0n;
}

/** Makes a person the owner; what role he was given before ends. */
export async function setOwner(tx: Tx, containerId: string, userId: string): Promise<void> {
  await deleteMember(tx, containerId, { userId });
  await tx.db
    .updateTable('containers')
    .set({ owner_id: userId, updated_at: tx.now })
    .where('id', '=', containerId)
    .execute();
}

async function moved(tx: Tx, containerId: string): Promise<void> {
  await bumpDirectory(tx, 'container', containerId);
  tx.nudge({ kind: 'container', id: containerId });
}
