import type { ConfirmTotpRequest, SetLoginTotpRequest } from '@berth/proto/api/v1/security_pb.js';
import { matchTotp, newTotpSecret, totpUri } from '../../auth/totp.ts';
import { AppError, invalid } from '../../errors.ts';
import { bumpDirectory } from '../../store/directory-changes.ts';
import type { Tx } from '../../store/store.ts';
import {
  confirmTotp as confirm,
  deleteTotp,
  putUnconfirmedTotp,
  takeTotpStep,
  totpOf,
} from '../../store/totp-factors.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { requireProof } from './proof.ts';
import { codesForFirstFactor, dropCodesAfterLastFactor } from './recovery.ts';

/** Makes a secret that counts from its first right code on. @throws AppError "totp_present" */
export async function beginTotp({ store }: AppDeps, caller: Caller): Promise<{ secret: string; uri: string }> {
  const secret = newTotpSecret();
  await store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    if (await putUnconfirmedTotp(tx, caller.userId, secret)) return;
    const message = 'You have one-time codes already; remove them first.';
    throw new AppError('failed_precondition', { reason: 'totp_present', message });
  });
  return { secret, uri: totpUri(secret, 'Berth', caller.username) };
}

/**
 * Lets the secret count, now that a first code was right.
 * @returns recovery codes, with the first second factor only
 * @throws AppError "totp_not_begun", "invalid_field" for a wrong code
 */
export async function confirmTotp({ store }: AppDeps, caller: Caller, request: ConfirmTotpRequest): Promise<string[]> {
  const code = request.code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(code)) throw invalid([{ field: 'code', description: 'must be six digits' }]);
  return store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    const totp = await totpOf(tx.db, tx.secrets, caller.userId);
    if (!totp || totp.confirmedAt !== null) {
      const message = 'There is no secret to confirm; begin again.';
      throw new AppError('failed_precondition', { reason: 'totp_not_begun', message });
    }
    const step = matchTotp(totp.secret, code, tx.now, totp.lastStep);
    if (step === undefined || !(await takeTotpStep(tx, caller.userId, step))) {
      const description = 'is not the present one: look at the program again, and at the clock of its device';
      throw invalid([{ field: 'code', description }], 'wrong_code');
    }
    const codes = await codesForFirstFactor(tx, caller.userId);
    await confirm(tx, caller.userId);
    await note(tx, caller, 'totp.add', {});
    return codes;
  });
}

/** Removes the caller's one-time codes, for logins to containers too. @throws AppError "totp_absent" */
export async function removeTotp({ store }: AppDeps, caller: Caller): Promise<void> {
  await store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    if (!(await deleteTotp(tx, caller.userId))) throw absent();
    await setLogins(tx, caller.userId, false);
    await dropCodesAfterLastFactor(tx, caller.userId);
    await note(tx, caller, 'totp.remove', {});
  });
}

/** Says whether logins to containers want a one-time code. @throws AppError "totp_absent" */
export async function setLoginTotp(
  { store }: AppDeps,
  caller: Caller,
  { enabled }: SetLoginTotpRequest,
): Promise<void> {
  await store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    const totp = await totpOf(tx.db, tx.secrets, caller.userId);
    if (enabled && (totp?.confirmedAt ?? null) === null) throw absent();
    await setLogins(tx, caller.userId, enabled);
    await note(tx, caller, 'totp.logins', { loginTotp: enabled });
  });
}

/** Says in the directory whether logins of somebody want a one-time code. */
export async function setLogins(tx: Tx, userId: string, enabled: boolean): Promise<void> {
  const { numUpdatedRows } = await tx.db
    .updateTable('users')
    .set({ login_totp: enabled ? 1 : 0, updated_at: tx.now })
    .where('id', '=', userId)
    .where('login_totp', '!=', enabled ? 1 : 0)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) await bumpDirectory(tx, 'user', userId);
}

function note(tx: Tx, caller: Caller, action: string, change: Record<string, unknown>): Promise<void> {
  return record(tx, caller, { action, siteId: null, objectKind: 'user', objectId: caller.userId, change });
}

function absent(): AppError {
  const message = 'You have no one-time codes; set them up first.';
  return new AppError('failed_precondition', { reason: 'totp_absent', message });
}
