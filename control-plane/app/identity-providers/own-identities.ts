import type { UnlinkIdentityRequest } from '@berth/proto/api/v1/oidc_pb.js';
import { AppError, notFound } from '../../errors.ts';
import { deleteIdentity, type IdentityWithProvider, identitiesOfUser } from '../../store/oidc-identities.ts';
import type { Row } from '../../store/schema.ts';
import { lockUser, userById } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { type Deed, record } from '../record.ts';
import { requireProof } from '../security/proof.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** The caller's links, oldest first. */
export function listOwnIdentities({ store }: AppDeps, caller: Caller): Promise<IdentityWithProvider[]> {
  authorise(caller, 'IdentityProvidersService.ListOwnIdentities');
  return identitiesOfUser(store.db, caller.userId);
}

/**
 * Removes one of the caller's links.
 * @throws AppError "identity_not_found", "last_way_to_sign_in", "reauthentication_required"
 */
export async function unlinkIdentity(
  { store }: AppDeps,
  caller: Caller,
  request: UnlinkIdentityRequest,
): Promise<void> {
  authorise(caller, 'IdentityProvidersService.UnlinkIdentity');
  const found = new Violations();
  found.check('identity', referenceFault(request.identity));
  found.refuse();
  await store.transaction(async (tx) => {
    // Of two who remove the last two links at once, the second waits here and then sees that one is left.
    await lockUser(tx, caller.userId);
    const links = await identitiesOfUser(tx.db, caller.userId);
    const link = links.find(({ id }) => id === request.identity);
    if (!link) throw notFound('identity', request.identity, 'identity');
    await requireProof(tx.db, caller, tx.now);
    const user = await userById(tx.db, caller.userId);
    if (user?.password_hash === '' && links.length === 1) throw lastWay();
    await deleteIdentity(tx, link.id);
    await record(tx, caller, linkDeed('identity.unlink', link, link.display_name));
  });
}

/** What the audit says of a link. */
export function linkDeed(
  action: 'identity.link' | 'identity.unlink',
  { user_id, issuer, subject }: Row<'oidc_identities'>,
  provider: string,
): Deed {
  return { action, siteId: null, objectKind: 'user', objectId: user_id, change: { provider, issuer, subject } };
}

function lastWay(): AppError {
  return new AppError('failed_precondition', {
    reason: 'last_way_to_sign_in',
    message: 'This is your only way to sign in. Give yourself a password first.',
  });
}
