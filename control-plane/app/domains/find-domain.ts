import type { Rpc } from '../../auth/policy.ts';
import { AppError, notFound } from '../../errors.ts';
import { domainsByReference } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { administersSite, authorise, type Caller } from '../caller.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { mayUseDomain } from './may-use.ts';

/**
 * A domain by identifier or name, as far as the caller may use it, for a call of an RPC. Of several that are to be
 * proven a name means the caller's own.
 * @throws AppError "domain_not_found", "domain_owner_required" where the RPC is for those who administer it
 */
export async function findDomain(
  db: Db,
  caller: Caller,
  reference: string,
  field: string,
  rpc: Rpc,
): Promise<Row<'domains'>> {
  authorise(caller, rpc);
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
  const row = await bestOf(db, caller, await domainsByReference(db, reference));
  if (!row) throw notFound('domain', reference, field);
  if (rpc !== 'DomainsService.GetDomain' && !administersDomain(caller, row)) throw ownerRequired(row);
  return row;
}

/** Whether a caller decides over a domain: its owner, and administrators of its site. */
export function administersDomain(caller: Caller, domain: Row<'domains'>): boolean {
  const { token } = caller;
  if (token?.containerId || (token?.siteId && token.siteId !== domain.site_id)) return false;
  return domain.owner_id === caller.userId || administersSite(caller, domain.site_id);
}

async function bestOf(db: Db, caller: Caller, rows: readonly Row<'domains'>[]): Promise<Row<'domains'> | undefined> {
  const usable: Row<'domains'>[] = [];
  for (const row of rows) if (await mayUseDomain(db, caller, row)) usable.push(row);
  const own = usable.find(({ owner_id }) => owner_id === caller.userId);
  return usable.find(({ verified_at }) => verified_at !== null) ?? own ?? usable[0];
}

function ownerRequired({ name, owner_id }: Row<'domains'>): AppError {
  const who = owner_id === null ? 'an administrator of the site' : 'its owner or an administrator of the site';
  return new AppError('permission_denied', {
    reason: 'domain_owner_required',
    message: `Only ${who} may do this with ${name}.`,
  });
}
