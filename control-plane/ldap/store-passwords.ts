import { hashPassword, passwordFault, verifyPassword } from '../auth/password.ts';
import { admit, forgive } from '../auth/rate-limits.ts';
import { TOTP_DIGITS } from '../auth/totp.ts';
import { type VerifyDeps, verifyContainerLogin } from '../auth/verify-login.ts';
import { newId } from '../ids.ts';
import { audit } from '../store/audit.ts';
import type { Row } from '../store/schema.ts';
import { endSessions } from '../store/sessions.ts';
import { setPasswordHash } from '../store/users.ts';
import type { ChangeOutcome, PasswordChange, Passwords, PasswordTry, Verdict } from './passwords.ts';

/** People's passwords as the store has them, read anew each time. */
export function storePasswords(deps: VerifyDeps): Passwords {
  return { verify: (attempt) => verify(deps, attempt), change: (change) => changePassword(deps, change) };
}

async function verify(deps: VerifyDeps, { username, password, address }: PasswordTry): Promise<Verdict> {
  const requestId = newId('req', deps.store.clock.now());
  const verdict = await verifyContainerLogin(deps, { username, password, address, via: 'ldap', requestId });
  if (verdict.kind !== 'right') return { kind: verdict.kind };
  return { kind: 'right', userId: verdict.user.id, passwordChangedAt: verdict.user.password_changed_at };
}

async function changePassword(deps: VerifyDeps, change: PasswordChange): Promise<ChangeOutcome> {
  const { store, turnstile } = deps;
  const user = await store.db.selectFrom('users').selectAll().where('id', '=', change.userId).executeTakeFirst();
  if (user?.status !== 'active') return { kind: 'wrong-old' };
  const refusal = change.old === undefined ? undefined : await judgeOld(deps, user, change.old, change.address);
  if (refusal) return refusal;
  const why = passwordFault(change.replacement, [user.username, user.display_name, user.email ?? '']);
  if (why) return { kind: 'unfit', why };
  const hash = await turnstile.pass(() => hashPassword(change.replacement));
  if (hash === undefined) return { kind: 'slowed' };
  return store.transaction(async (tx) => {
    await setPasswordHash(tx, user.id, hash);
    // Whoever knew the old password may have signed in with it.
    await endSessions(tx, user.id);
    await audit(tx, {
      userId: user.id,
      action: 'user.change-password',
      siteId: null,
      objectKind: 'user',
      objectId: user.id,
      change: {},
      requestId: newId('req', tx.now),
      address: change.address,
      via: 'ldap',
    });
    return { kind: 'changed', passwordChangedAt: tx.now };
  });
}

/**
 * Whoever asks has bound already, so the old password is no proof of who he is; it is looked at because the client sent
 * it, and guessing is counted. A one-time code at its end was taken when he bound.
 */
async function judgeOld(
  { store, turnstile }: VerifyDeps,
  user: Row<'users'>,
  old: string,
  address: string,
): Promise<ChangeOutcome | undefined> {
  const attempt = { account: user.username, address };
  if (!(await admit(store, attempt)).admitted) return { kind: 'slowed' };
  const typed = user.login_totp === 1 ? [old, old.slice(0, -TOTP_DIGITS)] : [old];
  for (const each of typed) {
    const right = await turnstile.pass(() => verifyPassword(user.password_hash, each));
    if (right === undefined) return { kind: 'slowed' };
    if (right) {
      await forgive(store, attempt);
      return undefined;
    }
  }
  return { kind: 'wrong-old' };
}
