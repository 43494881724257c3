/**
 * Whether a password is right: the one way to ask, for pages, API and LDAP gateways alike. Guessing is slowed down and
 * shows in the audit; what is wrong is not told, since that would tell which login names there are.
 */
import { audit } from '../store/audit.ts';
import type { Row } from '../store/schema.ts';
import type { AuditVia } from '../store/schema-people.ts';
import type { Store } from '../store/store.ts';
import { takeTotpStep, totpOf } from '../store/totp-factors.ts';
import { userByUsername } from '../store/users.ts';
import { verifyPassword } from './password.ts';
import { type Admission, admit, forgive, takeOnTrust } from './rate-limits.ts';
import { matchTotp, TOTP_DIGITS } from './totp.ts';
import type { Turnstile } from './turnstile.ts';

/** A try to prove to be somebody. */
export interface LoginTry {
  username: string;
  password: string;
  address: string;
  via: AuditVia;
  requestId: string;
}

/** How it ended. "slowed": not even looked at, after too many wrong ones or while too many wait. */
export type LoginVerdict =
  | { kind: 'right'; user: Row<'users'> }
  | { kind: 'wrong' }
  | { kind: 'slowed'; retryAfterMs: number };

/** What verifying needs. Hashing is dear: it waits its turn at the turnstile, so that other work has its own. */
export interface VerifyDeps {
  store: Store;
  turnstile: Turnstile;
}

/** Told to somebody who came while too many waited. */
const BUSY_MS = 5_000;

/** Whether a password is that of an active person. */
export function verifyLogin(deps: VerifyDeps, attempt: LoginTry): Promise<LoginVerdict> {
  return judge(deps, attempt, (user) => matches(deps, user?.password_hash, attempt.password));
}

/**
 * The same for logins to containers, where there is one field for everything: the one-time code stands at the
 * password's end for those who want it so.
 */
export function verifyContainerLogin(deps: VerifyDeps, attempt: LoginTry): Promise<LoginVerdict> {
  return judge(deps, attempt, async (user) => {
    if (user?.login_totp !== 1) return matches(deps, user?.password_hash, attempt.password);
    const right = await matches(deps, user.password_hash, attempt.password.slice(0, -TOTP_DIGITS));
    return right && (await takeCode(deps.store, user, attempt.password.slice(-TOTP_DIGITS)));
  });
}

/** Whether a password is right; undefined when too many wait to have theirs looked at. */
type Look = (user: Row<'users'> | undefined) => Promise<boolean | undefined>;

async function judge(deps: VerifyDeps, attempt: LoginTry, look: Look): Promise<LoginVerdict> {
  const { store } = deps;
  const who = { account: attempt.username, address: attempt.address };
  const judged = await takeOnTrust(store, who);
  if (judged) {
    const verdict = await lookAt(store, attempt, look).finally(judged);
    if (verdict.kind !== 'wrong') return verdict;
  }
  const admission = await admit(store, who);
  if (!admission.admitted) return { kind: 'slowed', retryAfterMs: admission.retryAfterMs };
  const verdict: LoginVerdict = judged ? { kind: 'wrong' } : await lookAt(store, attempt, look);
  if (verdict.kind === 'right') await forgive(store, who);
  if (verdict.kind === 'wrong') await noteFailure(store, attempt, admission);
  return verdict;
}

async function lookAt(store: Store, { username }: LoginTry, look: Look): Promise<LoginVerdict> {
  const user = await userByUsername(store.db, username);
  const right = await look(user);
  if (right === undefined) return { kind: 'slowed', retryAfterMs: BUSY_MS };
  return user && right && user.status === 'active' ? { kind: 'right', user } : { kind: 'wrong' };
}

/** Undefined when too many wait to have theirs looked at. */
function matches({ turnstile }: VerifyDeps, hash: string | undefined, password: string): Promise<boolean | undefined> {
  return turnstile.pass(() => verifyPassword(hash, password));
}

async function takeCode(store: Store, user: Row<'users'>, code: string): Promise<boolean> {
  const totp = await totpOf(store.db, store.secrets, user.id);
  if (!totp || totp.confirmedAt === null) return false;
  const step = matchTotp(totp.secret, code, store.clock.now(), totp.lastStep);
  return step !== undefined && store.transaction((tx) => takeTotpStep(tx, user.id, step));
}

/** Not every wrong password gets a row, only each doubling of them: a guesser must not fill the audit. */
async function noteFailure(
  store: Store,
  attempt: LoginTry,
  admission: Extract<Admission, { admitted: true }>,
): Promise<void> {
  if (!admission.notable) return;
  const { username, address, via, requestId } = attempt;
  const user = await userByUsername(store.db, username);
  await store.transaction((tx) =>
    audit(tx, {
      userId: user?.id ?? null,
      action: 'session.refused',
      siteId: null,
      objectKind: 'user',
      objectId: user?.id ?? '',
      // A name that nobody has may be a password typed into the wrong field.
      change: { failures: admission.failures, ...(user ? { username: user.username } : { unknown: true }) },
      requestId,
      address,
      via,
    }),
  );
}
