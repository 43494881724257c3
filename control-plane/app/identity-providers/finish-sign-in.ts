import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import type { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { openOrAsk, type SignInOutcome } from '../sign-in/open-or-ask.ts';
import { personOf } from './claims.ts';
import { findPerson } from './find-person.ts';
import { followGroups } from './follow-groups.ts';

/**
 * Signs in whom a provider vouches for. A second factor of ours is asked for unless the provider is trusted with that.
 * @returns a session, the question for a second factor, or why there is neither; the audit has any of them
 */
export async function finishSignIn(
  deps: Pick<AppDeps, 'passkeyParty'>,
  tx: Tx,
  caller: AnonymousCaller,
  { provider, answer }: { provider: Row<'oidc_providers'>; answer: ProviderAnswer },
): Promise<SignInOutcome | { refusal: AppError }> {
  const claimed = personOf(answer);
  const { issuer, subject } = claimed;
  const found = await findPerson(tx, caller, provider, claimed);
  // Somebody who waits for approval has his groups by then.
  if (found.user && found.user.status !== 'suspended') {
    await followGroups(tx, caller, provider, answer, found.user);
  }
  const userId = found.user?.id ?? null;
  const object = { siteId: null, objectKind: 'user', objectId: userId ?? '' };
  if (found.refusal) {
    const change = { provider: provider.name, issuer, subject, reason: found.refusal.reason };
    await recordAnonymous(tx, caller, userId, { ...object, action: 'session.refused', change });
    return { refusal: found.refusal };
  }
  const { id, username } = found.user;
  const entrant = { id, username, how: { provider: provider.name, by: found.by } };
  return openOrAsk(deps, tx, entrant, caller, provider.trusted_second_factor === 1);
}
