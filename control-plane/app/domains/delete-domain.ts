import type { DeleteDomainRequest } from '@berth/proto/api/v1/domains_pb.js';
import { AppError } from '../../errors.ts';
import { deleteDomain, servedUnder } from '../../store/domains.ts';
import { bumpSite } from '../../store/site-changes.ts';
import { ReferenceViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { fieldsOfRow } from './domain-fields.ts';
import { findDomain } from './find-domain.ts';

/** Removes a domain with its certificates. @throws AppError "domain_in_use" */
export async function deleteDomainVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteDomainRequest,
): Promise<void> {
  try {
    await store.transaction(async (tx) => {
      const domain = await findDomain(tx.db, caller, request.domain, 'domain', 'DomainsService.DeleteDomain');
      await bumpSite(tx, domain.site_id, null);
      const served = await servedUnder(tx.db, domain.id);
      if (served !== undefined) throw domainInUse(domain.name, served, 'domain');
      await deleteDomain(tx, domain.id);
      tx.nudge({ kind: 'domain', id: domain.id });
      const deed = { siteId: domain.site_id, objectKind: 'domain', objectId: domain.id, objectName: domain.name };
      await record(tx, caller, { ...deed, action: 'domain.delete', change: { ...fieldsOfRow(domain) } });
    });
  } catch (error) {
    // A service that was put under it in the same moment.
    if (error instanceof ReferenceViolation) throw domainInUse(request.domain, 'a service', 'domain');
    throw error;
  }
}

/** A domain under which something is served. */
export function domainInUse(domain: string, served: string, field: string): AppError {
  const message = `The domain "${domain}" still serves ${served}.`;
  const violations = [{ field, description: message }];
  return new AppError('failed_precondition', { reason: 'domain_in_use', message, violations });
}
