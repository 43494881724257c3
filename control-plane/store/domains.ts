import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** A domain to be made; it counts as proven when `verified_at` is set. */
export type NewDomainRow = Omit<NewRow<'domains'>, 'claim'>;

/** Puts an external domain in. @throws UniqueViolation "domains_name" when another one that is proven has the name */
export async function insertDomain(tx: Tx, domain: NewDomainRow): Promise<void> {
  const claim = domain.verified_at ? domain.name : domain.id;
  await tx.db
    .insertInto('domains')
    .values({ ...domain, claim })
    .execute();
}

/** One domain. */
export function domainById(db: Db, id: string): Promise<Row<'domains'> | undefined> {
  return db.selectFrom('domains').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The domains of a site that are proven, by name: nothing is served under any other. */
export function domainsOf(db: Db, siteId: string): Promise<Row<'domains'>[]> {
  return db
    .selectFrom('domains')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('verified_at', 'is not', null)
    .orderBy('name')
    .execute();
}

/** The domains of a site, proven or not, that a host is or is right under; those of the longer name first. */
export async function domainsAround(db: Db, siteId: string, host: string): Promise<Row<'domains'>[]> {
  const names = [host, host.slice(host.indexOf('.') + 1)];
  const query = db.selectFrom('domains').selectAll().where('site_id', '=', siteId).where('name', 'in', names);
  const rows = await query.orderBy('id').execute();
  return rows.sort((one, other) => other.name.length - one.name.length);
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

/** Removes a domain with its certificates. @throws ReferenceViolation while a service has a host under it */
export async function deleteDomain(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('domains').where('id', '=', id).execute();
}
