/** What a person has besides a password, and whether an answer is right. */
import type { Clock } from '@berth/proto/contract/clock.ts';
import { passkeysOf, touchPasskey } from '../store/passkeys.ts';
import { recoveryCodesLeft, useRecoveryCode } from '../store/recovery-codes.ts';
import type { Row } from '../store/schema.ts';
import type { SecretBox } from '../store/secrets.ts';
import type { Db, Store, Tx } from '../store/store.ts';
import { takeTotpStep, totpOf } from '../store/totp-factors.ts';
import { assertedCount, type PasskeyParty, parseAssertion } from './passkeys.ts';
import { recoveryCode } from './recovery-codes.ts';
import { tokenHash } from './tokens.ts';
import { matchTotp } from './totp.ts';

/** The kinds of second factors there are. */
export type FactorKind = 'totp' | 'passkey' | 'recovery-code';

/** The second factors of a person. */
export interface Factors {
  totpConfirmedAt: number | null;
  passkeys: Row<'passkeys'>[];
  recoveryCodesLeft: number;
}

/** Reads the second factors of a person. */
export async function factorsOf(db: Db, secrets: SecretBox, userId: string): Promise<Factors> {
  const totp = await totpOf(db, secrets, userId);
  return {
    totpConfirmedAt: totp?.confirmedAt ?? null,
    passkeys: await passkeysOf(db, userId),
    recoveryCodesLeft: await recoveryCodesLeft(db, userId),
  };
}

/** Whether a second factor is asked of a person. Recovery codes alone are none. */
export function hasSecondFactor({ totpConfirmedAt, passkeys }: Factors): boolean {
  return totpConfirmedAt !== null || passkeys.length > 0;
}

/** What was answered. */
export type Answer = { kind: 'code'; code: string } | { kind: 'passkey'; response: string; challenge: string };

/** An answer that was right, as far as can be told before it is taken. */
export interface RightAnswer {
  kind: FactorKind;
  /** Uses it up. @returns false when it has been already */
  take(tx: Tx): Promise<boolean>;
}

export interface CheckDeps {
  store: Store;
  clock: Clock;
  /** Absent where passkeys cannot be used. */
  passkeyParty?: PasskeyParty | undefined;
}

/** A code without what people put between its characters; undefined when it is neither kind of code. */
export function parseCode(typed: string): { kind: 'totp' | 'recovery-code'; code: string } | undefined {
  const digits = typed.replaceAll(/[\s-]/g, '');
  if (/^\d{6}$/.test(digits)) return { kind: 'totp', code: digits };
  const code = recoveryCode(typed);
  return code === undefined ? undefined : { kind: 'recovery-code', code };
}

/** Looks at an answer of a person; undefined when it is wrong. */
export function checkAnswer(deps: CheckDeps, userId: string, answer: Answer): Promise<RightAnswer | undefined> {
  return answer.kind === 'code' ? checkCode(deps, userId, answer.code) : checkPasskey(deps, userId, answer);
}

async function checkCode({ store, clock }: CheckDeps, userId: string, typed: string): Promise<RightAnswer | undefined> {
  const parsed = parseCode(typed);
  if (parsed?.kind === 'recovery-code') {
    const hash = tokenHash(parsed.code);
    return { kind: 'recovery-code', take: (tx) => useRecoveryCode(tx, userId, hash) };
  }
  const totp = await totpOf(store.db, store.secrets, userId);
  if (!parsed || !totp || totp.confirmedAt === null) return undefined;
  const step = matchTotp(totp.secret, parsed.code, clock.now(), totp.lastStep);
  return step === undefined ? undefined : { kind: 'totp', take: (tx) => takeTotpStep(tx, userId, step) };
}

async function checkPasskey(
  { store, passkeyParty }: CheckDeps,
  userId: string,
  { response, challenge }: Extract<Answer, { kind: 'passkey' }>,
): Promise<RightAnswer | undefined> {
  const parsed = parseAssertion(response);
  const passkeys = await passkeysOf(store.db, userId);
  const passkey = passkeys.find((one) => one.credential_id === parsed?.id);
  if (!passkeyParty || !parsed || !passkey) return undefined;
  const count = await assertedCount(passkeyParty, challenge, passkey, parsed);
  if (count === undefined) return undefined;
  return { kind: 'passkey', take: (tx) => touchPasskey(tx, passkey.id, { from: passkey.sign_count, to: count }) };
}
