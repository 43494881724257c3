/** The short way to a site's own domains that are everybody's there: a list of names in the site itself. */
import { deleteDomain, domainsOfSite, servedUnder, sharedDomainsOf } from '../../store/domains.ts';
import type { Tx } from '../../store/store.ts';
import type { Caller } from '../caller.ts';
import { domainInUse } from '../domains/delete-domain.ts';
import { refuseConflicts } from '../domains/name-conflicts.ts';
import { addDomain, type NewDomain } from '../domains/new-domain.ts';

/** Puts domains in with their certificates. @throws AppError "domain_taken" naming the entry */
export async function addDomains(
  tx: Tx,
  caller: Caller,
  siteId: string,
  domains: readonly NewDomain[],
  all: readonly string[],
): Promise<void> {
  for (const domain of domains) {
    const field = `site.external_domains[${all.indexOf(domain.name)}]`;
    await refuseConflicts(tx.db, caller, { name: domain.name, siteId, ownerId: null }, field);
    await addDomain(tx, domain, { site_id: siteId, verified_at: tx.now });
  }
}

/** Takes the domains away that are not in the list any more. @throws AppError "domain_in_use" */
export async function dropDomains(tx: Tx, siteId: string, keep: readonly string[]): Promise<void> {
  for (const domain of await sharedDomainsOf(tx.db, [siteId])) {
    if (keep.includes(domain.name)) continue;
    const served = await servedUnder(tx.db, domain.id);
    if (served !== undefined) throw domainInUse(domain.name, served, 'site.external_domains');
    await deleteDomain(tx, domain.id);
  }
}

/** Takes every domain of a site away that goes itself; it has no container, so none serves anything. */
export async function dropEveryDomain(tx: Tx, siteId: string): Promise<void> {
  for (const { id } of await domainsOfSite(tx.db, siteId)) await deleteDomain(tx, id);
}
