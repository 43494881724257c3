import { hashPassword, passwordFault, verifyPassword } from '../auth/password.ts';
import { TOTP_DIGITS } from '../auth/totp.ts';
import type { Turnstile } from '../auth/turnstile.ts';
import { verifyContainerLogin } from '../auth/verify-login.ts';
import { newId } from '../ids.ts';
import { audit } from '../store/audit.ts';
import { bumpDirectory } from '../store/directory-changes.ts';
import type { Store } from '../store/store.ts';
import type { ChangeOutcome, PasswordChange, Passwords, PasswordTry, Verdict } from './passwords.ts';

export interface StorePasswordsDeps {
  store: Store;
  /** Hashing is dear: it waits its turn, so that searches have theirs. */
  turnstile: Turnstile;
}

/** People's passwords as the store has them, read anew each time. */
export function storePasswords(deps: StorePasswordsDeps): Passwords {
  return { verify: (attempt) => verify(deps, attempt), change: (change) => changePassword(deps, change) };
}

async function verify(deps: StorePasswordsDeps, attempt: PasswordTry): Promise<Verdict> {
  const requestId = newId('req', deps.store.clock.now());
  const verdict = await verifyContainerLogin(deps, { ...attempt, via: 'ldap', requestId });
  if (verdict.kind !== 'right') return { kind: verdict.kind };
  return { kind: 'right', userId: verdict.user.id, passwordChangedAt: verdict.user.password_changed_at };
}

async function changePassword(
  { store, turnstile }: StorePasswordsDeps,
  change: PasswordChange,
): Promise<ChangeOutcome> {
  const row = await store.db.selectFrom('users').selectAll().where('id', '=', change.userId).executeTakeFirst();
  if (row?.status !== 'active') return { kind: 'wrong-old' };
  if (change.old !== undefined) {
    // Programs that bind first send what they bound with: the code at its end has done its part there.
    const old = row.login_totp === 1 ? change.old.slice(0, -TOTP_DIGITS) : change.old;
    const matches = await turnstile.pass(() => verifyPassword(row.password_hash || undefined, old));
    if (!matches) return { kind: matches === undefined ? 'slowed' : 'wrong-old' };
  }
  const why = passwordFault(change.replacement);
  if (why) return { kind: 'unfit', why };
  const hash = await turnstile.pass(() => hashPassword(change.replacement));
  if (hash === undefined) return { kind: 'slowed' };
  return store.transaction(async (tx) => {
    await tx.db
      .updateTable('users')
      .set({ password_hash: hash, password_changed_at: tx.now, updated_at: tx.now })
      .where('id', '=', row.id)
      .execute();
    await bumpDirectory(tx, 'user', row.id);
    await audit(tx, {
      userId: row.id,
      action: 'user.change-password',
      siteId: null,
      objectKind: 'user',
      objectId: row.id,
      change: {},
      requestId: newId('req', tx.now),
      address: change.address,
      via: 'ldap',
    });
    return { kind: 'changed', passwordChangedAt: tx.now };
  });
}
