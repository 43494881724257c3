import type { ProviderAnswer } from '../../auth/oidc/relying-party.ts';
import { AppError } from '../../errors.ts';
import { type IdentityWithProvider, identityOf, insertIdentity } from '../../store/oidc-identities.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { userById } from '../../store/users.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import { personOf } from './claims.ts';
import { linkDeed } from './own-identities.ts';

/** An account linked to a provider. */
export interface Linked {
  linked: IdentityWithProvider;
}

/** Links the account of whoever began, if the session he began in is still open. @returns the link, or why not */
export async function finishLink(
  tx: Tx,
  caller: AnonymousCaller,
  began: { provider: Row<'oidc_providers'>; answer: ProviderAnswer; userId: string; sessionId: string },
): Promise<Linked | { refusal: AppError }> {
  const { provider, userId } = began;
  const { issuer, subject } = personOf(began.answer);
  if (!(await isStillSignedIn(tx, began))) return { refusal: sessionEnded() };
  const known = await identityOf(tx.db, { issuer, subject });
  if (known && known.user_id !== userId) {
    const change = { provider: provider.name, issuer, subject, reason: 'identity_taken' };
    const deed = { action: 'identity.link-refused', siteId: null, objectKind: 'user', objectId: userId, change };
    await recordAnonymous(tx, caller, userId, deed);
    return { refusal: identityTaken(provider) };
  }
  if (known) return { linked: { ...known, display_name: provider.display_name } };
  const identity = await insertIdentity(tx, { issuer, subject, userId, providerId: provider.id, used: false });
  await recordAnonymous(tx, caller, userId, linkDeed('identity.link', identity, provider.name));
  return { linked: { ...identity, display_name: provider.display_name } };
}

async function isStillSignedIn(tx: Tx, { userId, sessionId }: { userId: string; sessionId: string }): Promise<boolean> {
  const session = await tx.db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', sessionId)
    .where('user_id', '=', userId)
    .where('expires_at', '>', tx.now)
    .executeTakeFirst();
  const user = await userById(tx.db, userId);
  return session !== undefined && user?.status === 'active';
}

function sessionEnded(): AppError {
  return new AppError('unauthenticated', {
    reason: 'session_ended',
    message: 'The session in which you began to link has ended. Sign in and begin again.',
  });
}

function identityTaken({ display_name }: Row<'oidc_providers'>): AppError {
  return new AppError('already_exists', {
    reason: 'identity_taken',
    message: `This account at ${display_name} is linked to somebody else here.`,
  });
}
