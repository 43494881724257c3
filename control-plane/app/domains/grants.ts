import {
  type DomainGrant,
  DomainGrantSchema,
  type GrantDomainRequest,
  type WithdrawDomainRequest,
} from '@berth/proto/api/v1/domains_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError } from '../../errors.ts';
import { deleteGrant, hasGrant, insertGrant } from '../../store/domain-grants.ts';
import type { HolderId } from '../../store/holders.ts';
import type { Row } from '../../store/schema.ts';
import type { Db, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findGroup, findUser } from '../find.ts';
import { record } from '../record.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { findDomain } from './find-domain.ts';

/** Gives a domain to somebody; who has it already keeps it. @returns the identifier */
export async function grantDomain({ store }: AppDeps, caller: Caller, request: GrantDomainRequest): Promise<string> {
  check(request);
  const grant = async (tx: Tx) => {
    const domain = await findDomain(tx.db, caller, request.domain, 'domain', 'DomainsService.GrantDomain');
    const { id, kind, name } = await findPrincipal(tx.db, request.grant);
    if (await hasGrant(tx.db, domain.id, id)) return domain.id;
    await insertGrant(tx, domain.id, id);
    await noted(tx, caller, domain, 'domain.grant', { [kind]: name });
    return domain.id;
  };
  try {
    return await store.transaction(grant);
  } catch (error) {
    // Somebody gave it in the same moment: now it is there.
    if (error instanceof UniqueViolation) return store.transaction(grant);
    throw error;
  }
}

/** Takes a domain back; what is served under it goes on. @returns the identifier @throws AppError "grant_not_found" */
export async function withdrawDomain(
  { store }: AppDeps,
  caller: Caller,
  request: WithdrawDomainRequest,
): Promise<string> {
  check(request);
  return store.transaction(async (tx) => {
    const domain = await findDomain(tx.db, caller, request.domain, 'domain', 'DomainsService.WithdrawDomain');
    const { id, kind, name } = await findPrincipal(tx.db, request.grant);
    if (!(await hasGrant(tx.db, domain.id, id))) throw notGranted(domain, kind, name);
    await deleteGrant(tx, domain.id, id);
    await noted(tx, caller, domain, 'domain.withdraw', { [kind]: name });
    return domain.id;
  });
}

function check({ domain, grant }: GrantDomainRequest | WithdrawDomainRequest): void {
  const found = new Violations();
  found.check('domain', referenceFault(domain));
  const { principal } = grant ?? create(DomainGrantSchema);
  if (principal.case === undefined) found.check('grant', 'must name a user or a group');
  else found.check(`grant.${principal.case}`, referenceFault(principal.value));
  found.refuse();
}

async function findPrincipal(
  db: Db,
  grant: DomainGrant | undefined,
): Promise<{ id: HolderId; kind: 'user' | 'group'; name: string }> {
  const { principal } = grant ?? create(DomainGrantSchema);
  if (principal.case === 'group') {
    const { id, name } = await findGroup(db, principal.value, 'grant.group');
    return { id: { groupId: id }, kind: 'group', name };
  }
  const { id, username } = await findUser(db, principal.value ?? '', 'grant.user');
  return { id: { userId: id }, kind: 'user', name: username };
}

async function noted(tx: Tx, caller: Caller, domain: Row<'domains'>, action: string, change: Record<string, string>) {
  tx.nudge({ kind: 'domain', id: domain.id });
  await record(tx, caller, { action, siteId: domain.site_id, objectKind: 'domain', objectId: domain.id, change });
}

function notGranted({ name: domain }: Row<'domains'>, kind: 'user' | 'group', name: string): AppError {
  const message = `${domain} was not given to ${name}.`;
  const violations = [{ field: `grant.${kind}`, description: message }];
  return new AppError('not_found', { reason: 'grant_not_found', message, violations });
}
