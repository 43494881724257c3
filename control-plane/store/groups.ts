import { newId } from '../ids.ts';
import { takeNumber } from './counters.ts';
import { bumpDirectory } from './directory-changes.ts';
import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Columns of a group that may change. */
export type GroupChange = Partial<Pick<Row<'groups'>, 'name' | 'description' | 'administrator'>>;

/** Puts a group in under the next free number. @throws UniqueViolation "groups_name" */
export async function insertGroup(
  tx: Tx,
  group: Omit<NewRow<'groups'>, 'gid_number' | 'created_at' | 'updated_at'>,
): Promise<void> {
  const gid_number = await takeNumber(tx, 'gid_number');
  await tx.db
    .insertInto('groups')
    .values({ ...group, gid_number, created_at: tx.now, updated_at: tx.now })
    .execute();
  await bumpDirectory(tx, 'group', group.id);
}

/** Changes a group. @throws UniqueViolation "groups_name" */
export async function updateGroup(tx: Tx, id: string, change: GroupChange): Promise<void> {
  await bumpDirectory(tx, 'group', id);
  await tx.db
    .updateTable('groups')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes a group with its memberships, those it has and those it is, and what was granted to it. */
export async function deleteGroup(tx: Tx, id: string): Promise<void> {
  await bumpDirectory(tx, 'group', id);
  await tx.db.deleteFrom('groups').where('id', '=', id).execute();
}

/** The group of an identifier or name. */
export function groupByReference(db: Db, reference: string): Promise<Row<'groups'> | undefined> {
  return db
    .selectFrom('groups')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('name', '=', reference)]))
    .executeTakeFirst();
}

/** Who is put into a group. */
export type NewMember = { userId: string } | { groupId: string };

/** Puts a person or a group into a group. @throws UniqueViolation "group_members_user", "group_members_group" */
export async function addGroupMember(tx: Tx, groupId: string, member: NewMember): Promise<void> {
  const user_id = 'userId' in member ? member.userId : null;
  const member_group_id = 'groupId' in member ? member.groupId : null;
  const row = { id: newId('gme', tx.now), group_id: groupId, user_id, member_group_id, created_at: tx.now };
  await tx.db.insertInto('group_members').values(row).execute();
  await bumpDirectory(tx, 'group', groupId);
}

/** Takes a person or a group out of a group. @returns whether he was in it */
export async function removeGroupMember(tx: Tx, groupId: string, member: NewMember): Promise<boolean> {
  await bumpDirectory(tx, 'group', groupId);
  const { numDeletedRows } = await tx.db
    .deleteFrom('group_members')
    .where('group_id', '=', groupId)
    .where((row) =>
      'userId' in member ? row('user_id', '=', member.userId) : row('member_group_id', '=', member.groupId),
    )
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** A membership as it stands, if there is one. */
export function groupMember(db: Db, groupId: string, member: NewMember): Promise<Row<'group_members'> | undefined> {
  return db
    .selectFrom('group_members')
    .selectAll()
    .where('group_id', '=', groupId)
    .where((row) =>
      'userId' in member ? row('user_id', '=', member.userId) : row('member_group_id', '=', member.groupId),
    )
    .executeTakeFirst();
}

/** Every group within some groups, these included; a ring ends where it began. */
export async function groupsWithin(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .withRecursive('within(id)', (q) =>
      q
        .selectFrom('groups')
        .select('groups.id as id')
        .where('groups.id', 'in', ids)
        .union((u) =>
          u
            .selectFrom('group_members')
            .innerJoin('within', 'within.id', 'group_members.group_id')
            .select('group_members.member_group_id as id')
            .where('group_members.member_group_id', 'is not', null)
            .$narrowType<{ id: string }>(),
        ),
    )
    .selectFrom('within')
    .select('within.id')
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** Names of some groups. */
export async function groupNames(db: Db, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('groups').select('name').where('id', 'in', ids).execute();
  return rows.map(({ name }) => name);
}
