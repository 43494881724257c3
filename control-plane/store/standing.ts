import { LDAPUSERS } from './built-in-groups.ts';
import type { Db } from './store.ts';

/** What a person is by groups and grants, apart from single containers. */
export interface Standing {
  /** Every group the person belongs to, through other groups too; `ldapusers` among them. */
  groupIds: string[];
  administrator: boolean;
  /** Sites the person administers. */
  siteIds: string[];
}

/** Reads the standing of a person. */
export async function standingOf(db: Db, userId: string): Promise<Standing> {
  const groupIds = await groupIdsOf(db, userId);
  const administrating = db.selectFrom('groups').select('id').where('administrator', '=', 1);
  const administrator = await administrating.where('id', 'in', groupIds).executeTakeFirst();
  const sites = await db
    .selectFrom('site_administrators')
    .select('site_id')
    .distinct()
    .where((row) => row.or([row('user_id', '=', userId), row('group_id', 'in', groupIds)]))
    .execute();
  return { groupIds, administrator: administrator !== undefined, siteIds: sites.map((row) => row.site_id) };
}

/** The groups of a person. Groups within groups may form a ring: each counts once. */
export async function groupIdsOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db
    .withRecursive('closure(id)', (q) =>
      q
        .selectFrom('group_members')
        .select('group_members.group_id as id')
        .where((row) => row.or([row('user_id', '=', userId), row('member_group_id', '=', LDAPUSERS.id)]))
        .union((u) =>
          u
            .selectFrom('group_members')
            .innerJoin('closure', 'closure.id', 'group_members.member_group_id')
            .select('group_members.group_id as id'),
        ),
    )
    .selectFrom('closure')
    .select('closure.id')
    .execute();
  return [LDAPUSERS.id, ...rows.map(({ id }) => id)];
}

/** Whether anybody administers Berth. */
export async function administratorExists(db: Db): Promise<boolean> {
  const row = await db
    .withRecursive('administrating(id)', (q) =>
      q
        .selectFrom('groups')
        .select('groups.id as id')
        .where('administrator', '=', 1)
        .union((u) =>
          u
            .selectFrom('group_members')
            .innerJoin('administrating', 'administrating.id', 'group_members.group_id')
            .select('group_members.member_group_id as id')
            .where('group_members.member_group_id', 'is not', null)
            .$narrowType<{ id: string }>(),
        ),
    )
    .selectFrom('group_members')
    .innerJoin('administrating', 'administrating.id', 'group_members.group_id')
    .select('group_members.user_id')
    .where('group_members.user_id', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
