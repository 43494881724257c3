/**
 * Whose account it is that somebody signs in to: the one linked to his subject at the provider; else the one with his
 * e-mail address, where both the provider and Berth know it to be his; else a new one, where the provider may make
 * them.
 */
import { AppError } from '../../errors.ts';
import { identitiesOfUser, identityOf, insertIdentity, touchIdentity } from '../../store/oidc-identities.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { userByEmail, userById } from '../../store/users.ts';
import type { AnonymousCaller } from '../caller.ts';
import { recordAnonymous } from '../record.ts';
import type { ClaimedPerson } from './claims.ts';
import { createPerson } from './create-person.ts';
import { linkDeed } from './own-identities.ts';

/** By what somebody was found. */
export type FoundBy = 'subject' | 'email' | 'created';

/** The account found, or why nobody gets in; then with the account if it is certain whose it is. */
export type FoundPerson =
  | { user: Row<'users'>; by: FoundBy; refusal?: undefined }
  | { user?: Row<'users'> | undefined; refusal: AppError };

/** Finds or makes the account, and links it when it was not. Who is found by his address but may not sign in is not. */
export async function findPerson(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  claimed: ClaimedPerson,
): Promise<FoundPerson> {
  const identity = await identityOf(tx.db, claimed);
  const linked = identity && (await userById(tx.db, identity.user_id));
  if (identity && linked) {
    const refusal = statusRefusal(linked);
    if (refusal) return { user: linked, refusal };
    await touchIdentity(tx, identity.id);
    return { user: linked, by: 'subject' };
  }
  const known = await userByEmail(tx.db, claimed.verifiedEmail ?? claimed.unverifiedEmail ?? '');
  if (known) return matchByEmail(tx, caller, provider, claimed, known);
  if (provider.create_users !== 1) return { refusal: noAccount(provider) };
  const user = await createPerson(tx, caller, provider, claimed);
  await link(tx, caller, provider, claimed, user);
  const refusal = statusRefusal(user);
  return refusal ? { user, refusal } : { user, by: 'created' };
}

async function matchByEmail(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  claimed: ClaimedPerson,
  user: Row<'users'>,
): Promise<FoundPerson> {
  const proven = claimed.verifiedEmail !== undefined && user.email_verified === 1;
  const links = await identitiesOfUser(tx.db, user.id);
  // An address that has gone to somebody else at the provider must not take the account with it.
  const linkedOtherwise = links.some(({ issuer }) => issuer === claimed.issuer);
  if (!proven || linkedOtherwise) return { refusal: linkFirst(provider) };
  const refusal = statusRefusal(user);
  if (refusal) return { refusal };
  await link(tx, caller, provider, claimed, user);
  return { user, by: 'email' };
}

async function link(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  { issuer, subject }: ClaimedPerson,
  user: Row<'users'>,
): Promise<void> {
  const identity = await insertIdentity(tx, { issuer, subject, userId: user.id, providerId: provider.id, used: true });
  await recordAnonymous(tx, caller, user.id, linkDeed('identity.link', identity, provider.name));
}

/** Why a person may not sign in as things are, if so. */
export function statusRefusal({ status }: Pick<Row<'users'>, 'status'>): AppError | undefined {
  if (status === 'active') return undefined;
  const message = {
    pending: 'Your account waits for an administrator to approve it. You can sign in as soon as that has happened.',
    suspended: 'Your account is suspended. Ask an administrator.',
  }[status];
  return new AppError('permission_denied', { reason: `account_${status}`, message });
}

function noAccount({ display_name }: Row<'oidc_providers'>): AppError {
  return new AppError('permission_denied', {
    reason: 'no_account',
    message: `No account here belongs to your account at ${display_name}. Ask an administrator for one; if you have one, sign in with its password and link it under "Sign-in with others".`,
  });
}

function linkFirst({ display_name }: Row<'oidc_providers'>): AppError {
  return new AppError('permission_denied', {
    reason: 'link_first',
    message: `An account here has your e-mail address, but that it is yours is not certain. Sign in with its password and link it to ${display_name} under "Sign-in with others".`,
  });
}
