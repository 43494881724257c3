import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Puts an external domain in. @throws UniqueViolation "domains_name" */
export async function insertDomain(tx: Tx, domain: NewRow<'domains'>): Promise<void> {
  await tx.db.insertInto('domains').values(domain).execute();
}

/** The external domains of a site by name. */
export function domainsOf(db: Db, siteId: string): Promise<Row<'domains'>[]> {
  return db.selectFrom('domains').selectAll().where('site_id', '=', siteId).orderBy('name').execute();
}

/** The site's domain that a host is one label under, if there is one. */
export function domainAbove(db: Db, siteId: string, host: string): Promise<Row<'domains'> | undefined> {
  const name = host.slice(host.indexOf('.') + 1);
  return db.selectFrom('domains').selectAll().where('site_id', '=', siteId).where('name', '=', name).executeTakeFirst();
}

/** Removes a domain with its certificates. @throws ReferenceViolation while a service has a host under it */
export async function deleteDomain(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('domains').where('id', '=', id).execute();
}
