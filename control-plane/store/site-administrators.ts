import { newId } from '../ids.ts';
import { type HolderId, holderColumns, holderIs } from './holders.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Somebody who administers a site, with his name. */
export interface NamedAdministrator extends Row<'site_administrators'> {
  username: string | null;
  user_display_name: string | null;
  group_name: string | null;
  group_description: string | null;
}

/** Who administers a site, by their making. @param after identifier, or undefined */
export function siteAdministratorsOf(
  db: Db,
  siteId: string,
  after: string | undefined,
  limit: number,
): Promise<NamedAdministrator[]> {
  let query = db
    .selectFrom('site_administrators as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .leftJoin('groups as g', 'g.id', 'a.group_id')
    .selectAll('a')
    .select(['u.username', 'u.display_name as user_display_name'])
    .select(['g.name as group_name', 'g.description as group_description'])
    .where('a.site_id', '=', siteId)
    .orderBy('a.id')
    .limit(limit);
  if (after !== undefined) query = query.where('a.id', '>', after);
  return query.execute();
}

/** Since when somebody administers a site himself, if he does. */
export function siteAdministrator(
  db: Db,
  siteId: string,
  holder: HolderId,
): Promise<Row<'site_administrators'> | undefined> {
  return db
    .selectFrom('site_administrators')
    .selectAll()
    .where('site_id', '=', siteId)
    .where(...holderIs(holder))
    .executeTakeFirst();
}

/** Makes somebody administer a site. @throws UniqueViolation "site_administrators_user", "site_administrators_group" */
export async function insertSiteAdministrator(tx: Tx, siteId: string, holder: HolderId): Promise<void> {
  const row = { id: newId('adm', tx.now), site_id: siteId, ...holderColumns(holder), created_at: tx.now };
  await tx.db.insertInto('site_administrators').values(row).execute();
  rightsMoved(tx);
}

/** Takes the administration of a site away from somebody. @returns whether he had it */
export async function deleteSiteAdministrator(tx: Tx, siteId: string, holder: HolderId): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('site_administrators')
    .where('site_id', '=', siteId)
    .where(...holderIs(holder))
    .executeTakeFirst();
  rightsMoved(tx);
  return numDeletedRows > 0n;
}

/** Nothing in the directory changes; but whoever watches something is to be looked at again. */
function rightsMoved(tx: Tx): void {
  tx.nudge({ kind: 'directory', id: '' });
}
