import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { openSession } from '../../auth/sessions.ts';
import type { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { standingOf } from '../../store/standing.ts';
import type { Tx } from '../../store/store.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import type { SignedIn } from '../sign-in/sign-in.ts';
import { personOf } from './claims.ts';
import { findPerson } from './find-person.ts';
import { followGroups } from './follow-groups.ts';

/** A person signed in by a provider. */
export interface SignedInWith {
  signedIn: SignedIn;
}

/** Signs in whom a provider vouches for. @returns a session, or why there is none; the audit has either */
export async function finishSignIn(
  tx: Tx,
  caller: AnonymousCaller,
  { provider, answer }: { provider: Row<'oidc_providers'>; answer: ProviderAnswer },
): Promise<SignedInWith | { refusal: AppError }> {
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
  const { administrator } = await standingOf(tx.db, id);
  const change = { provider: provider.name, by: found.by };
  await recordAnonymous(tx, caller, id, { ...object, action: 'session.open', change });
  return { signedIn: { user: { id, username, administrator }, ...(await openSession(tx, id, caller)) } };
}
