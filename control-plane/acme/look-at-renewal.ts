import { heldChange, type ManagedChange } from '../store/managed-certificates.ts';
import { accountOf } from './accounts.ts';
import type { OrderContext } from './order-context.ts';
import { AcmeProblem } from './problem.ts';
import { nextLook, parseRenewalInfo, type RenewalInfo, SUGGESTED, soonest, withinWindow } from './renewal-time.ts';

/**
 * Asks the authority when to renew (RFC 9773, 4.2) and fixes the time anew. What it does not answer leaves the time
 * as it is: two thirds of the certificate's life, or what the authority said last.
 */
export async function lookAtRenewal(context: OrderContext): Promise<void> {
  const { claim, deps } = context;
  const { store, clock, random } = deps;
  const { row } = claim;
  const life = await servedLife(context);
  const info = life && (await ask(context));
  const change: ManagedChange = { ari_next_look_at: life ? nextLook(clock.now(), life, info?.retryAfterMs) : 0 };
  // "In all cases, renewal attempts are subject to the client's existing error backoff" (RFC 9773, 4.2).
  if (life && info?.window && row.failures === 0) {
    const chosen = row.next_try_reason === SUGGESTED ? row.next_try_at : Number.NaN;
    const { at, reason } = withinWindow(info.window, chosen, random);
    const next_try_at = Math.max(at, Math.round(soonest(life)));
    Object.assign(change, { next_try_at, next_try_reason: reason, explanation_url: info.window.explanationUrl });
  }
  // Asked for meanwhile, it is to be ordered at once whatever the authority suggests.
  await heldChange(store, claim, 0, async (tx) => {
    const now = await tx.db
      .selectFrom('managed_certificates')
      .select('next_try_at')
      .where('id', '=', row.id)
      .executeTakeFirst();
    const asked = now !== undefined && now.next_try_at !== row.next_try_at;
    return { change: asked ? { ari_next_look_at: change.ari_next_look_at ?? 0 } : change, result: undefined };
  });
}

interface Answer {
  window: RenewalInfo | undefined;
  retryAfterMs: number | undefined;
}

async function ask({ deps, claim, domain, signal }: OrderContext): Promise<Answer> {
  try {
    const authority = await deps.accounts.of(accountOf(domain));
    if (!(await authority.hasRenewalInfo())) return { window: undefined, retryAfterMs: undefined };
    const window = parseRenewalInfo(await authority.renewalInfo(claim.row.ari_id));
    return { window, retryAfterMs: window?.retryAfterMs };
  } catch (err) {
    signal.throwIfAborted();
    deps.log.info({ err, certificate: claim.row.name }, 'no renewal information');
    return { window: undefined, retryAfterMs: err instanceof AcmeProblem ? err.retryAfterMs : undefined };
  }
}

async function servedLife({ deps, claim }: OrderContext) {
  const { certificate_id: id } = claim.row;
  if (id === null) return undefined;
  const query = deps.store.db.selectFrom('certificates').select(['created_at', 'not_after']);
  const row = await query.where('id', '=', id).executeTakeFirst();
  return row && { from: row.created_at, until: row.not_after };
}
