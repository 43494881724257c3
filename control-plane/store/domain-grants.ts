/** To whom domains were given. */
import { newId } from '../ids.ts';
import { type HolderId, holderColumns, holderIs } from './holders.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** A grant with the name of who has it. */
export interface NamedGrant extends Row<'domain_grants'> {
  username: string | null;
  group_name: string | null;
}

/** The grants of some domains, by their making. */
export function grantsOf(db: Db, domainIds: readonly string[]): Promise<NamedGrant[]> {
  return db
    .selectFrom('domain_grants as d')
    .leftJoin('users as u', 'u.id', 'd.user_id')
    .leftJoin('groups as g', 'g.id', 'd.group_id')
    .selectAll('d')
    .select(['u.username', 'g.name as group_name'])
    .where('d.domain_id', 'in', domainIds)
    .orderBy('d.id')
    .execute();
}

/** Whether a domain was given to a person or to one of some groups. */
export async function isGranted(
  db: Db,
  domainId: string,
  who: { userId: string; groupIds: readonly string[] },
): Promise<boolean> {
  const row = await db
    .selectFrom('domain_grants')
    .select('id')
    .where('domain_id', '=', domainId)
    .where((grant) => grant.or([grant('user_id', '=', who.userId), grant('group_id', 'in', who.groupIds)]))
    .executeTakeFirst();
  return row !== undefined;
}

/** Gives a domain to somebody who does not have it. @throws UniqueViolation "domain_grants_user", "domain_grants_group" */
export async function insertGrant(tx: Tx, domainId: string, holder: HolderId): Promise<void> {
  const row = { id: newId('dgr', tx.now), domain_id: domainId, ...holderColumns(holder), created_at: tx.now };
  await tx.db.insertInto('domain_grants').values(row).execute();
}

/** Whether somebody was given a domain himself. */
export async function hasGrant(db: Db, domainId: string, holder: HolderId): Promise<boolean> {
  const query = db.selectFrom('domain_grants').select('id').where('domain_id', '=', domainId);
  return (await query.where(...holderIs(holder)).executeTakeFirst()) !== undefined;
}

/** Takes a domain back. */
export async function deleteGrant(tx: Tx, domainId: string, holder: HolderId): Promise<void> {
  await tx.db
    .deleteFrom('domain_grants')
    .where('domain_id', '=', domainId)
    .where(...holderIs(holder))
    .execute();
}
