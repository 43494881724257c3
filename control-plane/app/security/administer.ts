import { AppError } from '../../errors.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { deletePasskeysOf } from '../../store/passkeys.ts';
import { deleteRecoveryCodes } from '../../store/recovery-codes.ts';
import type { Row } from '../../store/schema.ts';
import { endSessions } from '../../store/sessions.ts';
import { deleteTotp } from '../../store/totp-factors.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findUser } from '../find.ts';
import { record } from '../record.ts';
import { requireProof } from './proof.ts';
import { type SecurityView, securityOf } from './read-security.ts';
import { liveSessions } from './sessions.ts';
import { setLogins } from './totp.ts';

/** How somebody signs in, with his sessions. */
export interface UserSecurity {
  security: SecurityView;
  sessions: Row<'sessions'>[];
}

/** Reads how somebody signs in. @throws AppError "user_not_found" */
export async function userSecurity(deps: AppDeps, caller: Caller, reference: string): Promise<UserSecurity> {
  authorise(caller, 'SecurityService.GetUserSecurity');
  const user = await findUser(deps.store.db, reference, 'user');
  return { security: await securityOf(deps, user), sessions: await liveSessions(deps, user.id) };
}

/** Ends all sessions of somebody. @returns how many @throws AppError "user_not_found" */
export async function endUserSessions({ store }: AppDeps, caller: Caller, reference: string): Promise<number> {
  authorise(caller, 'SecurityService.EndUserSessions');
  return store.transaction(async (tx) => {
    const user = await findUser(tx.db, reference, 'user');
    const ended = await endSessions(tx, user.id);
    const object = { siteId: null, objectKind: 'user', objectId: user.id };
    await record(tx, caller, { ...object, action: 'session.end-all', change: { ended } });
    return ended;
  });
}

/** Removes the second factors of somebody who has lost them. @throws AppError "user_not_found", "no_second_factor" */
export async function resetSecondFactors({ store }: AppDeps, caller: Caller, reference: string): Promise<void> {
  authorise(caller, 'SecurityService.ResetSecondFactors');
  await store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    const user = await findUser(tx.db, reference, 'user');
    const totp = await deleteTotp(tx, user.id);
    const passkeys = await deletePasskeysOf(tx, user.id);
    if (!totp && passkeys === 0) {
      const message = `${user.username} has no second factor.`;
      throw new AppError('failed_precondition', { reason: 'no_second_factor', message });
    }
    await deleteRecoveryCodes(tx, user.id);
    await setLogins(tx, user.id, false);
    const object = { siteId: null, objectKind: 'user', objectId: user.id };
    await record(tx, caller, { ...object, action: 'second-factors.reset', change: { totp, passkeys } });
    if (user.email) await queueMail(tx, { to: user.email, ...resetLetter(user.username, caller.username) });
  });
}

function resetLetter(username: string, by: string): { subject: string; text: string } {
  const text = `${by} has removed the second factors of the account "${username}": its next sign-in wants the password alone.

If you did not ask for that, tell your administrators at once, and change your password.
`;
  return { subject: 'Your second factors were removed', text };
}
