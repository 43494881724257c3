import { newRecoveryCodes, recoveryCode } from '../../auth/recovery-codes.ts';
import { factorsOf, hasSecondFactor } from '../../auth/second-factors.ts';
import { tokenHash } from '../../auth/tokens.ts';
import { AppError } from '../../errors.ts';
import { deleteRecoveryCodes, replaceRecoveryCodes } from '../../store/recovery-codes.ts';
import type { Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { requireProof } from './proof.ts';

/** Makes new recovery codes; those before are worth nothing. @throws AppError "no_second_factor" */
export async function createRecoveryCodes({ store }: AppDeps, caller: Caller): Promise<string[]> {
  return store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    if (!hasSecondFactor(await factorsOf(tx.db, tx.secrets, caller.userId))) {
      const message = 'Recovery codes stand in for a second factor; set one up first.';
      throw new AppError('failed_precondition', { reason: 'no_second_factor', message });
    }
    const codes = await giveCodes(tx, caller.userId);
    const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
    await record(tx, caller, { ...object, action: 'recovery-codes.create' });
    return codes;
  });
}

/** Codes for whoever is about to have a first second factor; none for others. */
export async function codesForFirstFactor(tx: Tx, userId: string): Promise<string[]> {
  return hasSecondFactor(await factorsOf(tx.db, tx.secrets, userId)) ? [] : giveCodes(tx, userId);
}

/** Codes without a factor to stand in for would only be one more thing to lose. */
export async function dropCodesAfterLastFactor(tx: Tx, userId: string): Promise<void> {
  if (!hasSecondFactor(await factorsOf(tx.db, tx.secrets, userId))) await deleteRecoveryCodes(tx, userId);
}

async function giveCodes(tx: Tx, userId: string): Promise<string[]> {
  const codes = newRecoveryCodes();
  const hashes = codes.map((code) => tokenHash(recoveryCode(code) ?? code));
  await replaceRecoveryCodes(tx, userId, hashes);
  return codes;
}
