/**
 * Who may put names under a domain. The site's shared ones are everybody's who may create containers there; those that
 * were given to somebody are theirs, and a custom domain is its owner's and theirs to whom it was given. Administrators
 * of the site may use all of them. A domain that a caller may not use does not exist for him.
 */
import { AppError, invalid } from '../../errors.ts';
import { domainsAround, domainsOf, isGranted } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { administersSite, type Caller } from '../caller.ts';

/** Whether a caller may put names under a domain, once it is proven. */
export async function mayUseDomain(db: Db, caller: Caller, domain: Row<'domains'>): Promise<boolean> {
  const { siteId } = caller.token ?? {};
  if (siteId && siteId !== domain.site_id) return false;
  if (domain.owner_id === caller.userId) return true;
  if (domain.owner_id === null && domain.access === 'shared') return true;
  // A token for one container acts for the person who made it, so it may use what he may.
  if (administersSite({ ...caller, token: undefined }, domain.site_id)) return true;
  return isGranted(db, domain.id, caller);
}

/**
 * The domain that a host is, or is right under: of two, the one with the longer name.
 * @param field where the host stands in the request
 * @throws AppError "unknown_domain" when there is none that the caller may use, "domain_not_verified" when there is one
 *   whose ownership is not proven yet
 */
export async function requireUsableDomain(
  db: Db,
  caller: Caller,
  site: Row<'sites'>,
  host: string,
  field: string,
): Promise<Row<'domains'>> {
  const around = await domainsAround(db, site.id, host);
  // Whoever may not use the nearest one does not come to the one above it either: it would serve a stranger's name.
  const nearest = around.find(({ verified_at }) => verified_at !== null);
  if (nearest && (await mayUseDomain(db, caller, nearest))) return nearest;
  const claimed = around.find((domain) => domain.verified_at === null && domain.owner_id === caller.userId);
  if (claimed && !nearest) throw notVerified(claimed, field);
  throw await unknownDomain(db, caller, site, field);
}

function notVerified({ name }: Row<'domains'>, field: string): AppError {
  const message = `The ownership of ${name} is not proven yet; its page says how.`;
  const violations = [{ field, description: message }];
  return new AppError('failed_precondition', { reason: 'domain_not_verified', message, violations });
}

async function unknownDomain(db: Db, caller: Caller, site: Row<'sites'>, field: string): Promise<AppError> {
  const names: string[] = [];
  for (const domain of await domainsOf(db, site.id)) {
    if (await mayUseDomain(db, caller, domain)) names.push(domain.name);
  }
  const description = `must be one label under an external domain of site ${site.name} (${names.join(', ') || 'none'})`;
  return invalid([{ field, description }], 'unknown_domain');
}
