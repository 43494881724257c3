/** Queries for groups whose members follow what a provider says of people. */
import { bumpDirectory } from './directory-changes.ts';
import type { Db, Tx } from './store.ts';

/** Names of groups by identifier; those that are gone are missing. */
export async function groupNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** Groups by identifier or name; those that are not there are missing. Names and identifiers never meet. */
export async function groupIdsByReference(db: Db, references: readonly string[]): Promise<Map<string, string>> {
  if (references.length === 0) return new Map();
  const distinct = [...new Set(references)];
  const rows = await db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where((row) => row.or([row('id', 'in', distinct), row('name', 'in', distinct)]))
    .execute();
  return new Map(rows.flatMap((row) => [[row.name, row.id] as const, [row.id, row.id] as const]));
}

/** Those of some groups whose members administer Berth: by themselves, or through a group that they are in. */
export async function administratingGroups(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const id of new Set(ids)) if (await administrates(db, id)) found.add(id);
  return found;
}

async function administrates(db: Db, id: string): Promise<boolean> {
  const row = await db
    .withRecursive('above(id)', (q) =>
      q
        .selectFrom('groups')
        .select('groups.id as id')
        .where('groups.id', '=', id)
        .union((u) =>
          u
            .selectFrom('group_members')
            .innerJoin('above', 'above.id', 'group_members.member_group_id')
            .select('group_members.group_id as id'),
        ),
    )
    .selectFrom('above')
    .innerJoin('groups', 'groups.id', 'above.id')
    .select('groups.id')
    .where('groups.administrator', '=', 1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Those of some groups that a person is in directly. */
export async function directGroups(db: Db, userId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('group_members')
    .select('group_id')
    .where('user_id', '=', userId)
    .where('group_id', 'in', [...ids])
    .execute();
  return new Set(rows.map((row) => row.group_id));
}

/** Takes a person out of a group. */
export async function takeFromGroup(tx: Tx, groupId: string, userId: string): Promise<void> {
  await tx.db.deleteFrom('group_members').where('group_id', '=', groupId).where('user_id', '=', userId).execute();
  await bumpDirectory(tx, 'group', groupId);
}
