import { issueInternally } from '../certificates/internal-authority.ts';
import { type CertificateClaim, CertificateLost, heldChange } from '../store/managed-certificates.ts';
import { accountOf } from './accounts.ts';
import { judge } from './failures.ts';
import { lookAtRenewal } from './look-at-renewal.ts';
import { type Issued, obtain } from './obtain.ts';
import { type AcmeDeps, OrderContext } from './order-context.ts';
import { settleFailed, settleIssued } from './settle.ts';

const DAY_MS = 24 * 3_600_000;

/**
 * Does what is due for a certificate that is held: orders it, goes on with its order, or asks when to renew. Gives it
 * back with the next appointment written down.
 * @throws CertificateLost when another holds it now; the signal's reason when the work is to stop
 */
export async function workOn(deps: AcmeDeps, claim: CertificateClaim, signal: AbortSignal): Promise<void> {
  const { db } = deps.store;
  const domain = await db.selectFrom('domains').selectAll().where('id', '=', claim.row.domain_id).executeTakeFirst();
  const source = domain?.certificate_source;
  if (!domain || domain.verified_at === null || (source !== 'acme' && source !== 'internal')) {
    return notWanted(deps, claim);
  }
  const context = new OrderContext(deps, claim, domain, signal);
  if (claim.row.next_try_at > deps.clock.now()) return lookAtRenewal(context);
  try {
    await settleIssued(context, source === 'internal' ? await internally(context) : await obtain(context));
    deps.onOrder?.('issued');
  } catch (error) {
    if (signal.aborted || error instanceof CertificateLost) throw error;
    const judgement = judge(error);
    deps.log.warn({ err: error, certificate: claim.row.name }, 'a certificate could not be ordered');
    if (judgement.disown) await deps.accounts.disown(accountOf(domain));
    await settleFailed(context, judgement);
    deps.onOrder?.(judgement.kind);
  }
}

async function internally(context: OrderContext): Promise<Issued> {
  return { ...(await issueInternally(context.deps.store, context.dnsNames)), renewalInfo: false };
}

/** Whoever looks after which certificates there are takes the row away once nobody holds it. */
async function notWanted({ store }: AcmeDeps, claim: CertificateClaim): Promise<void> {
  await heldChange(store, claim, 0, async (tx) => ({
    change: { next_try_at: tx.now + DAY_MS, ari_next_look_at: 0 },
    result: undefined,
  }));
}
