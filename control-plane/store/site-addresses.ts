import { groupsWithin } from './groups.ts';
import { administratorAddresses } from './standing.ts';
import type { Db } from './store.ts';

/**
 * Addresses of whoever looks after a site: its administrators, themselves or through groups, as far as they are active
 * and have one; where nobody does, those who administer Berth.
 */
export async function siteAddresses(db: Db, siteId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('site_administrators')
    .select(['user_id', 'group_id'])
    .where('site_id', '=', siteId)
    .execute();
  const people = rows.flatMap(({ user_id }) => user_id ?? []);
  const groups = rows.flatMap(({ group_id }) => group_id ?? []);
  if (groups.length > 0) people.push(...(await membersOf(db, groups)));
  const found = await addressesOf(db, people);
  return found.length > 0 ? found : administratorAddresses(db);
}

/** Addresses of people who are active and have one, each once. */
export async function addressesOf(db: Db, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return [];
  const rows = await db
    .selectFrom('users')
    .select('email')
    .distinct()
    .where('id', 'in', userIds)
    .where('status', '=', 'active')
    .where('email', 'is not', null)
    .$narrowType<{ email: string }>()
    .execute();
  return rows.map(({ email }) => email);
}

async function membersOf(db: Db, groupIds: readonly string[]): Promise<string[]> {
  const all = [...(await groupsWithin(db, groupIds))];
  const rows = await db
    .selectFrom('group_members')
    .select('user_id')
    .where('group_id', 'in', all)
    .where('user_id', 'is not', null)
    .$narrowType<{ user_id: string }>()
    .execute();
  return rows.map(({ user_id }) => user_id);
}
