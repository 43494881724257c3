import { type Factors, factorsOf } from '../../auth/second-factors.ts';
import { AppError } from '../../errors.ts';
import type { Row } from '../../store/schema.ts';
import { userById } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { provenUntil } from './proof.ts';

/** How somebody signs in. */
export interface SecurityView extends Factors {
  hasPassword: boolean;
  loginTotp: boolean;
  /** Milliseconds since the epoch; null for others, and when the caller has to prove himself again. */
  provenUntil: number | null;
  passkeysAvailable: boolean;
}

/** How the caller signs in. */
export async function ownSecurity(deps: AppDeps, caller: Caller): Promise<SecurityView> {
  const { store, clock } = deps;
  const view = await securityOf(deps, await self(deps, caller));
  return { ...view, provenUntil: (await provenUntil(store.db, caller, clock.now())) ?? null };
}

/** How somebody signs in. */
export async function securityOf({ store, passkeyParty }: AppDeps, user: Row<'users'>): Promise<SecurityView> {
  return {
    ...(await factorsOf(store.db, store.secrets, user.id)),
    hasPassword: user.password_hash !== '',
    loginTotp: user.login_totp === 1,
    provenUntil: null,
    passkeysAvailable: passkeyParty !== undefined,
  };
}

/** The row of whoever calls. @throws AppError "session_ended" when he is gone in the meantime */
export async function self({ store }: AppDeps, { userId }: Caller): Promise<Row<'users'>> {
  const row = await userById(store.db, userId);
  if (row) return row;
  throw new AppError('unauthenticated', { reason: 'session_ended', message: 'The session has ended; sign in again.' });
}
