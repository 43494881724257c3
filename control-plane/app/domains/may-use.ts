/**
 * Who may put names under a domain. The site's shared ones are everybody's who may create containers there; those that
 * were given to somebody are theirs, and a custom domain is its owner's and theirs to whom it was given. Administrators
 * of the site may use all of them. A domain that a caller may not use does not exist for him.
 */
import type { SelectQueryBuilder } from 'kysely';
import { AppError, invalid } from '../../errors.ts';
import { isGranted } from '../../store/domain-grants.ts';
import { domainsAround } from '../../store/domains.ts';
import type { Database, Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { administeredSites, administersSite, type Caller } from '../caller.ts';

/** Whether a caller may put names under a domain, once it is proven. */
export async function mayUseDomain(db: Db, caller: Caller, domain: Row<'domains'>): Promise<boolean> {
  const { siteId } = caller.token ?? {};
  if (siteId && siteId !== domain.site_id) return false;
  if (domain.owner_id === caller.userId) return true;
  if (domain.owner_id === null && domain.access === 'shared') return true;
  // A token for one container is the person's who made it: under its containers he may use what is his.
  if (administersSite({ ...caller, token: undefined }, domain.site_id)) return true;
  return isGranted(db, domain.id, caller);
}

/** Narrows a query over domains to those that the caller may use, or could once they are proven. */
export function usableDomains<O>(
  db: Db,
  query: SelectQueryBuilder<Database, 'domains', O>,
  caller: Caller,
): SelectQueryBuilder<Database, 'domains', O> {
  const { userId, groupIds, token } = caller;
  const reached = token?.siteId ? query.where('domains.site_id', '=', token.siteId) : query;
  const sites = administeredSites({ ...caller, token: undefined });
  if (sites === undefined) return reached;
  const given = db
    .selectFrom('domain_grants')
    .select('domain_id')
    .where((grant) => grant.or([grant('user_id', '=', userId), grant('group_id', 'in', groupIds)]));
  return reached.where((row) =>
    row.or([
      row('domains.owner_id', '=', userId),
      row.and([row('domains.owner_id', 'is', null), row('domains.access', '=', 'shared')]),
      ...(sites.length > 0 ? [row('domains.site_id', 'in', sites)] : []),
      row('domains.id', 'in', given),
    ]),
  );
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
  const usable = usableDomains(db, db.selectFrom('domains').select('name'), caller);
  const rows = await usable
    .where('site_id', '=', site.id)
    .where('verified_at', 'is not', null)
    .orderBy('name')
    .execute();
  const names = rows.map(({ name }) => name);
  const description = `must be one label under an external domain of site ${site.name} (${names.join(', ') || 'none'})`;
  return invalid([{ field, description }], 'unknown_domain');
}
