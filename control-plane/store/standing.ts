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

/** Addresses of everybody who administers Berth and can act, as far as they have any. */
export async function administratorAddresses(db: Db): Promise<string[]> {
  const rows = await administrators(db)
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .select('users.email')
    .distinct()
    .where('users.status', '=', 'active')
    .where('users.email', 'is not', null)
    .$narrowType<{ email: string }>()
    .execute();
  return rows.map(({ email }) => email);
}

/** Whether anybody administers Berth. */
export async function administratorExists(db: Db): Promise<boolean> {
  const row = await administrators(db).select('group_members.user_id').limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Whether somebody who can sign in administers Berth: active, with a password or a link to a provider in use. */
export async function activeAdministratorExists(db: Db): Promise<boolean> {
  const row = await administrators(db)
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .select('users.id')
    .where('users.status', '=', 'active')
    .where((user) =>
      user.or([
        user('users.password_hash', '!=', ''),
        user.exists(
          user
            .selectFrom('oidc_identities')
            .innerJoin('oidc_providers', 'oidc_providers.id', 'oidc_identities.provider_id')
            .select('oidc_identities.id')
            .where('oidc_providers.enabled', '=', 1)
            .whereRef('oidc_identities.user_id', '=', 'users.id'),
        ),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Those of some people who administer Berth. */
export async function administratorsAmong(db: Db, userIds: readonly string[]): Promise<Set<string>> {
  if (userIds.length === 0) return new Set();
  const rows = await administrators(db)
    .select('group_members.user_id')
    .where('group_members.user_id', 'in', userIds)
    .execute();
  return new Set(rows.map((row) => row.user_id ?? ''));
}

/** Groups whose members administer Berth: those with the right, and those within them. */
export async function administratingGroups(db: Db): Promise<Set<string>> {
  const rows = await withAdministrating(db).selectFrom('administrating').select('administrating.id').execute();
  return new Set(rows.map(({ id }) => id));
}

/** Memberships of people in administrating groups. */
function administrators(db: Db) {
  return withAdministrating(db)
    .selectFrom('group_members')
    .innerJoin('administrating', 'administrating.id', 'group_members.group_id')
    .where('group_members.user_id', 'is not', null);
}

function withAdministrating(db: Db) {
  return db.withRecursive('administrating(id)', (q) =>
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
  );
}
