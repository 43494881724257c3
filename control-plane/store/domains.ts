import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** A domain to be made; it counts as proven when `verified_at` is set. */
export type NewDomainRow = Omit<NewRow<'domains'>, 'claim'>;

/** Columns of a domain that may change. */
export type DomainChange = Partial<
  Omit<Row<'domains'>, 'id' | 'site_id' | 'name' | 'claim' | 'created_at' | 'updated_at'>
>;

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

/** Every domain of a site, proven or not. */
export function domainsOfSite(db: Db, siteId: string): Promise<Row<'domains'>[]> {
  return db.selectFrom('domains').selectAll().where('site_id', '=', siteId).orderBy('name').execute();
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

/** The domains that are a site's own and everybody's there, by name: those that the site's own page lists. */
export function sharedDomainsOf(db: Db, siteIds: readonly string[]): Promise<Row<'domains'>[]> {
  return db
    .selectFrom('domains')
    .selectAll()
    .where('site_id', 'in', siteIds)
    .where('owner_id', 'is', null)
    .where('access', '=', 'shared')
    .orderBy('name')
    .execute();
}

/** Every domain of a name or with an identifier; of one name there may be several that are not proven. */
export function domainsByReference(db: Db, reference: string): Promise<Row<'domains'>[]> {
  return db
    .selectFrom('domains')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('name', '=', reference)]))
    .orderBy('id')
    .execute();
}

/** The domains that are proven and are, or are above or below, a name. */
export function domainsNear(db: Db, name: string): Promise<Row<'domains'>[]> {
  const labels = name.split('.');
  const upwards = labels.map((_, i) => labels.slice(i).join('.'));
  return db
    .selectFrom('domains')
    .selectAll()
    .where('verified_at', 'is not', null)
    .where((row) => row.or([row('name', 'in', upwards), row('name', 'like', `%.${name}`)]))
    .orderBy('name')
    .execute();
}

/** A host that is served under a domain, if any is. */
export async function servedUnder(db: Db, domainId: string): Promise<string | undefined> {
  const name = await db
    .selectFrom('service_names')
    .select('host')
    .where('domain_id', '=', domainId)
    .orderBy('host')
    .executeTakeFirst();
  if (name) return name.host;
  const stream = await db
    .selectFrom('services')
    .select('sni_host')
    .where('domain_id', '=', domainId)
    .executeTakeFirst();
  return stream?.sni_host;
}

/** Changes a domain. */
export async function updateDomain(tx: Tx, id: string, change: DomainChange): Promise<void> {
  await tx.db
    .updateTable('domains')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Makes a domain its owner's. @throws UniqueViolation "domains_name" when somebody else proved it before */
export async function markProven(tx: Tx, { id, name }: Pick<Row<'domains'>, 'id' | 'name'>): Promise<void> {
  const proven = { claim: name, verified_at: tx.now, proof_checked_at: tx.now, proof_error: '', updated_at: tx.now };
  await tx.db.updateTable('domains').set(proven).where('id', '=', id).execute();
}

/** Forgets domains that were to be proven before some moment and were not. */
export async function pruneUnproven(tx: Tx, before: number): Promise<void> {
  await tx.db.deleteFrom('domains').where('verified_at', 'is', null).where('created_at', '<=', before).execute();
}

/**
 * Leaves the domains of somebody who goes to their sites, so that what is served under them goes on; administrators
 * decide. What he had not proven is forgotten.
 */
export async function disownDomains(tx: Tx, ownerId: string): Promise<void> {
  await tx.db.deleteFrom('domains').where('owner_id', '=', ownerId).where('verified_at', 'is', null).execute();
  await tx.db.updateTable('domains').set({ owner_id: null }).where('owner_id', '=', ownerId).execute();
}

/** Removes a domain with its certificates. @throws ReferenceViolation while a service has a host under it */
export async function deleteDomain(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('domains').where('id', '=', id).execute();
}
