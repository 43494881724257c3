import { randomBytes } from 'node:crypto';
import type { AddPasskeyRequest, RemovePasskeyRequest, RenamePasskeyRequest } from '@berth/proto/api/v1/security_pb.js';
import { creationOptions, type PasskeyParty, parseRegistration, registeredPasskey } from '../../auth/passkeys.ts';
import { newPendingToken, tokenHash } from '../../auth/tokens.ts';
import { AppError, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { deletePasskey, insertPasskey, passkeyOf, passkeysOf, renamePasskey as rename } from '../../store/passkeys.ts';
import { insertPending, pendingByHash, usePending } from '../../store/pending-sign-ins.ts';
import type { Row } from '../../store/schema.ts';
import type { Db, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { record } from '../record.ts';
import { pendingOver } from '../sign-in/complete-sign-in.ts';
import { lineFault, referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { requireProof } from './proof.ts';
import { codesForFirstFactor, dropCodesAfterLastFactor } from './recovery.ts';

/** How long a registration may take, in milliseconds. */
const PENDING_MS = 10 * 60_000;
/** More than anybody carries. */
const MOST = 20;

/** What a browser needs to register a passkey. */
export interface PasskeyBegun {
  pendingToken: string;
  passkeyOptions: string;
}

/** Begins the registration of a passkey. @throws AppError "passkeys_unavailable", "too_many_passkeys" */
export async function beginPasskey({ store, passkeyParty }: AppDeps, caller: Caller): Promise<PasskeyBegun> {
  const party = available(passkeyParty);
  const challenge = randomBytes(32).toString('base64url');
  const pendingToken = newPendingToken();
  return store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    const present = await passkeysOf(tx.db, caller.userId);
    if (present.length >= MOST) {
      const message = `You have ${MOST} passkeys, which is as many as there may be; remove one first.`;
      throw new AppError('failed_precondition', { reason: 'too_many_passkeys', message });
    }
    await insertPending(tx, {
      kind: 'passkey-registration',
      tokenHash: tokenHash(pendingToken),
      userId: caller.userId,
      expiresAt: tx.now + PENDING_MS,
      data: { challenge },
    });
    const user = { id: caller.userId, username: caller.username };
    return { pendingToken, passkeyOptions: await creationOptions(party, user, challenge, present) };
  });
}

/** A passkey registered, with recovery codes where it is the first second factor. */
export interface PasskeyAdded {
  passkey: Row<'passkeys'>;
  recoveryCodes: string[];
}

/** Registers a passkey. @throws AppError "pending_over", "invalid_field" when the browser's answer is none */
export async function addPasskey(deps: AppDeps, caller: Caller, request: AddPasskeyRequest): Promise<PasskeyAdded> {
  const { store, clock } = deps;
  const party = available(deps.passkeyParty);
  const found = new Violations();
  found.check('pending_token', request.pendingToken === '' ? 'is required' : lineFault(request.pendingToken, 100));
  found.check('name', nameFault(request.name));
  const response = parseRegistration(request.passkeyResponse);
  if (!response) found.check('passkey_response', 'must be the RegistrationResponseJSON of a browser');
  found.refuse();
  const key = { kind: 'passkey-registration', tokenHash: tokenHash(request.pendingToken), now: clock.now() } as const;
  const pending = await pendingByHash(store.db, store.secrets, key);
  if (pending?.userId !== caller.userId || !response) throw pendingOver();
  const made = await registeredPasskey(party, String(pending.data.challenge), response);
  if (!made) {
    throw invalid([{ field: 'passkey_response', description: 'does not answer what was asked; begin again' }]);
  }
  return refusingTaken(() =>
    store.transaction(async (tx) => {
      await requireProof(tx.db, caller, tx.now);
      if (!(await usePending(tx, pending.id))) throw pendingOver();
      const recoveryCodes = await codesForFirstFactor(tx, caller.userId);
      const passkey: Row<'passkeys'> = {
        id: newId('psk', tx.now),
        user_id: caller.userId,
        name: request.name,
        credential_id: made.credentialId,
        public_key: made.publicKey,
        sign_count: made.signCount,
        transports: JSON.stringify(made.transports),
        created_at: tx.now,
        last_used_at: null,
      };
      await insertPasskey(tx, passkey);
      await note(tx, caller, passkey, { action: 'passkey.add' });
      return { passkey, recoveryCodes };
    }),
  );
}

/** Gives one of the caller's passkeys another name. @throws AppError "passkey_not_found" */
export async function renamePasskey(
  { store }: AppDeps,
  caller: Caller,
  request: RenamePasskeyRequest,
): Promise<Row<'passkeys'>> {
  const found = new Violations();
  found.check('name', nameFault(request.name));
  found.refuse();
  return store.transaction(async (tx) => {
    const passkey = await own(tx.db, caller, request.passkey);
    await rename(tx, passkey.id, request.name);
    await note(tx, caller, passkey, { action: 'passkey.rename', to: request.name });
    return { ...passkey, name: request.name };
  });
}

/** Removes one of the caller's passkeys. @throws AppError "passkey_not_found" */
export async function removePasskey({ store }: AppDeps, caller: Caller, request: RemovePasskeyRequest): Promise<void> {
  await store.transaction(async (tx) => {
    await requireProof(tx.db, caller, tx.now);
    const passkey = await own(tx.db, caller, request.passkey);
    await deletePasskey(tx, passkey.id);
    await dropCodesAfterLastFactor(tx, caller.userId);
    await note(tx, caller, passkey, { action: 'passkey.remove' });
  });
}

async function own(db: Db, { userId }: Caller, id: string): Promise<Row<'passkeys'>> {
  const found = new Violations();
  found.check('passkey', referenceFault(id));
  found.refuse();
  const passkey = await passkeyOf(db, userId, id);
  if (!passkey) throw notFound('passkey', id, 'passkey');
  return passkey;
}

function note(
  tx: Tx,
  caller: Caller,
  { id, name }: Row<'passkeys'>,
  { action, ...change }: { action: string; to?: string },
): Promise<void> {
  const object = { siteId: null, objectKind: 'user', objectId: caller.userId };
  return record(tx, caller, { ...object, action, change: { passkey: id, name, ...change } });
}

function nameFault(name: string): string | undefined {
  return name.trim() === '' ? 'is required' : lineFault(name, 100);
}

/** @throws AppError "passkeys_unavailable" */
export function available(party: PasskeyParty | undefined): PasskeyParty {
  if (party) return party;
  const message = 'Passkeys want this server to be reached by a name; its pages are at an address (BERTH_PUBLIC_URL).';
  throw new AppError('failed_precondition', { reason: 'passkeys_unavailable', message });
}

async function refusingTaken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw invalid([{ field: 'passkey_response', description: 'is of a passkey that is registered already' }]);
  }
}
