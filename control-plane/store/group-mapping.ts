/** Queries for groups whose members follow what a provider says of people. */
import type { Db } from './store.ts';

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
