import type { VerifyDomainRequest } from '@berth/proto/api/v1/domains_pb.js';
import { AppError } from '../../errors.ts';
import { domainById, markProven, updateDomain } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { findDomain } from './find-domain.ts';
import { nameTaken, refuseConflicts } from './name-conflicts.ts';

/** Between two looks for one domain. */
const PAUSE_MS = 10_000;
const MAX_WORDS = 500;
const RPC = 'DomainsService.VerifyDomain';

/**
 * Looks for the proof of a domain now. Once proven it stays so: a name server that fails for a moment must not take away
 * what is served, so nobody looks again by himself; when a name really changes hands, an administrator removes it.
 * @returns the identifier, whatever was found
 * @throws AppError "looked_just_now", "domain_taken" when somebody else has proven it in the meantime
 */
export async function verifyDomain(deps: AppDeps, caller: Caller, request: VerifyDomainRequest): Promise<string> {
  const { store } = deps;
  const domain = await findDomain(store.db, caller, request.domain, 'domain', RPC);
  if (domain.verified_at !== null) return domain.id;
  await takeTurn(deps, caller, domain);
  const { name, proof_token: token } = domain;
  const { proven, by, reason } = await deps.proveDomain({ name, token }, AbortSignal.timeout(30_000));
  try {
    await store.transaction(async (tx) => {
      const now = await domainById(tx.db, domain.id);
      if (!now || now.verified_at !== null) return;
      await bumpSite(tx, domain.site_id, null);
      tx.nudge({ kind: 'domain', id: domain.id });
      if (!proven) return updateDomain(tx, domain.id, { proof_error: reason.slice(0, MAX_WORDS) });
      const owner = { name, siteId: domain.site_id, ownerId: domain.owner_id };
      await refuseConflicts(tx.db, caller, owner, 'domain');
      await markProven(tx, domain);
      const deed = { siteId: domain.site_id, objectKind: 'domain', objectId: domain.id };
      await record(tx, caller, { ...deed, action: 'domain.prove', change: { by } });
    });
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw nameTaken('domain', `The domain "${name}" is taken.`);
  }
  return domain.id;
}

/** Of many looks at once one is taken. */
async function takeTurn({ store }: AppDeps, caller: Caller, { id, site_id: siteId }: Row<'domains'>): Promise<void> {
  await store.transaction(async (tx) => {
    const taken = await tx.db
      .updateTable('domains')
      .set({ proof_checked_at: tx.now })
      .where('id', '=', id)
      .where((row) => row.or([row('proof_checked_at', 'is', null), row('proof_checked_at', '<=', tx.now - PAUSE_MS)]))
      .executeTakeFirst();
    if (taken.numUpdatedRows === 0n) throw tooSoon();
    await record(tx, caller, { action: 'domain.look-for-proof', siteId, objectKind: 'domain', objectId: id });
  });
}

function tooSoon(): AppError {
  return new AppError('resource_exhausted', {
    reason: 'looked_just_now',
    message: `It was looked for just now; try again in ${PAUSE_MS / 1_000} seconds.`,
    retryAfterSeconds: PAUSE_MS / 1_000,
  });
}
