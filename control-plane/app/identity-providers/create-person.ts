import { newId } from '../../ids.ts';
import type { Row } from '../../store/schema.ts';
import type { Tx } from '../../store/store.ts';
import { insertUser, userById, userByUsername } from '../../store/users.ts';
import type { AnonymousCaller } from '../caller.ts';
import { MAX_DISPLAY_NAME } from '../people/person-fields.ts';
import { recordAnonymous } from '../record.ts';
import { newUsernameFault } from '../validate/names.ts';
import type { ClaimedPerson } from './claims.ts';
import { freeLoginName } from './login-name.ts';

/**
 * Makes an account for somebody a provider vouches for. It has no password, and an address only when the provider
 * knows that it is his.
 * @throws UniqueViolation "users_username", "users_email" when another sign-in took them in the same moment
 */
export async function createPerson(
  tx: Tx,
  caller: AnonymousCaller,
  provider: Row<'oidc_providers'>,
  claimed: ClaimedPerson,
): Promise<Row<'users'>> {
  const isTaken = async (name: string) =>
    newUsernameFault(name) !== undefined || (await userByUsername(tx.db, name)) !== undefined;
  const username = await freeLoginName(claimed, isTaken);
  const id = newId('usr', tx.now);
  const status = provider.new_user_status;
  await insertUser(tx, {
    id,
    username,
    display_name: displayNameOf(claimed) || username,
    email: claimed.verifiedEmail ?? null,
    email_verified: claimed.verifiedEmail ? 1 : 0,
    password_hash: '',
    status,
    created_at: tx.now,
  });
  const change = { username, status, provider: provider.name };
  const deed = { action: 'user.create', siteId: null, objectKind: 'user', objectId: id, change };
  await recordAnonymous(tx, caller, id, deed);
  const user = await userById(tx.db, id);
  if (!user) throw new Error(`the account ${id} is not there after it was made`);
  return user;
}

/** The name as far as `displayNameFault` would take it. */
function displayNameOf({ displayName }: ClaimedPerson): string {
  return [...displayName.replaceAll(':', ' ')].slice(0, MAX_DISPLAY_NAME).join('').trim();
}
