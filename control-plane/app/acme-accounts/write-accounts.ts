import {
  AcmeAccountSchema,
  type CreateAcmeAccountRequest,
  CreateAcmeAccountRequestSchema,
  type DeleteAcmeAccountRequest,
  type UpdateAcmeAccountRequest,
} from '@berth/proto/api/v1/acme_accounts_pb.js';
import { create } from '@bufbuild/protobuf';
import { newAccountKeyBox, sealEabKey } from '../../acme/account-secrets.ts';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import {
  acmeAccountByReference,
  deleteAcmeAccount,
  domainsWithAccounts,
  insertAcmeAccount,
  lockAcmeAccount,
  updateAcmeAccount,
} from '../../store/acme-accounts.ts';
import type { Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import {
  ACCOUNT_PATHS,
  type AccountFields,
  auditable,
  checkAccount,
  columnsOf,
  directoryFault,
  directoryUrl,
  fieldsOfMessage,
  fieldsOfRow,
} from './account-fields.ts';
import { findAccount } from './read-accounts.ts';

const EVERY_FIELD: ReadonlySet<string> = new Set(ACCOUNT_PATHS);
const OBJECT = { siteId: null, objectKind: 'acme-account' };

/** Makes an account with its key. @returns its identifier @throws AppError "acme_account_name_taken" */
export async function createAccount(
  { store }: AppDeps,
  caller: Caller,
  request: CreateAcmeAccountRequest,
): Promise<string> {
  authorise(caller, 'AcmeAccountsService.CreateAcmeAccount');
  const asked = request.account ?? create(AcmeAccountSchema);
  const fields = fieldsOfMessage(asked);
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('account.directory_url', directoryFault(asked.directoryUrl));
  checkAccount(fields, false, found);
  found.refuse();
  const call = { caller, schema: CreateAcmeAccountRequestSchema, request };
  const { outcome } = await namingTaken(fields.name, () =>
    createOnce(store, call, async (tx) => ({
      account: await make(tx, caller, { ...fields, directory: directoryUrl(asked.directoryUrl) }),
    })),
  );
  return outcome.account;
}

type NewAccount = AccountFields & { directory: string };

async function make(tx: Tx, caller: Caller, { directory, ...fields }: NewAccount): Promise<string> {
  if (await acmeAccountByReference(tx.db, fields.name)) throw nameTaken(fields.name);
  const id = newId('acm', tx.now);
  const { terms_agreed, eab_hmac_key, ...rest } = fields;
  await insertAcmeAccount(tx, {
    ...rest,
    id,
    directory_url: directory,
    terms_agreed: terms_agreed ? 1 : 0,
    key_box: newAccountKeyBox(tx.secrets, id),
    eab_hmac_box: eab_hmac_key === '' ? null : sealEabKey(tx.secrets, id, eab_hmac_key),
    account_url: '',
    last_error: '',
    created_at: tx.now,
    updated_at: tx.now,
  });
  const { eab_hmac_key: _, ...change } = auditable(fields, EVERY_FIELD);
  const deed = { ...OBJECT, action: 'acme-account.create', objectId: id };
  await record(tx, caller, { ...deed, change: { ...change, directory_url: directory } });
  return id;
}

/** Changes the fields the mask names. @returns the identifier */
export async function updateAccountVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateAcmeAccountRequest,
): Promise<string> {
  authorise(caller, 'AcmeAccountsService.UpdateAcmeAccount');
  const asked = request.account ?? create(AcmeAccountSchema);
  const found = new Violations();
  const named = maskPaths(request.updateMask, ACCOUNT_PATHS, found);
  const reference = asked.id || (named.has('name') ? '' : asked.name);
  found.check('account.id', referenceFault(reference));
  found.refuse();
  return namingTaken(asked.name, () =>
    store.transaction(async (tx) => {
      const row = await findAccount(tx.db, reference, 'account.id');
      const before = fieldsOfRow(row);
      const change = Object.entries(fieldsOfMessage(asked)).filter(([path]) => named.has(path));
      const fields: AccountFields = { ...before, ...Object.fromEntries(change) };
      const wrong = new Violations();
      // A key belongs to its identifier: another identifier wants another key.
      checkAccount(fields, row.eab_hmac_box !== null && fields.eab_key_id === row.eab_key_id, wrong);
      wrong.refuse();
      await updateAcmeAccount(tx, row.id, { ...columnsOf(fields, named), ...bindingOf(tx, row.id, fields) });
      const { eab_hmac_key: _, ...former } = auditable(before, EVERY_FIELD);
      const deed = { ...OBJECT, action: 'acme-account.update', objectId: row.id };
      await record(tx, caller, { ...deed, change: difference(former, auditable(fields, named)) });
      return row.id;
    }),
  );
}

/** Removes an account that no domain uses. @throws AppError "acme_account_in_use" */
export async function deleteAccountVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteAcmeAccountRequest,
): Promise<void> {
  authorise(caller, 'AcmeAccountsService.DeleteAcmeAccount');
  await store.transaction(async (tx) => {
    const row = await findAccount(tx.db, request.account, 'account');
    await lockAcmeAccount(tx, row.id);
    const [used] = await domainsWithAccounts(tx.db, [row.id]);
    if (used) throw inUse(row.name, used.name);
    await deleteAcmeAccount(tx, row.id);
    const { eab_hmac_key: _, ...change } = auditable(fieldsOfRow(row), EVERY_FIELD);
    const deed = { ...OBJECT, action: 'acme-account.delete', objectId: row.id, objectName: row.name };
    await record(tx, caller, { ...deed, change: { ...change, directory_url: row.directory_url } });
  });
}

/** The sealed key of a binding: a new one, none where the binding goes, or what is there already. */
function bindingOf(
  tx: Tx,
  id: string,
  { eab_key_id, eab_hmac_key }: AccountFields,
): { eab_hmac_box?: Uint8Array | null } {
  if (eab_key_id === '') return { eab_hmac_box: null };
  return eab_hmac_key === '' ? {} : { eab_hmac_box: sealEabKey(tx.secrets, id, eab_hmac_key) };
}

async function namingTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === 'acme_accounts_name') throw nameTaken(name);
    throw error;
  }
}

function nameTaken(name: string): AppError {
  return taken('acme_account_name_taken', 'account.name', `There is an ACME account "${name}" already.`);
}

function inUse(account: string, domain: string): AppError {
  const message = `The account "${account}" orders certificates for ${domain}.`;
  const violations = [{ field: 'account', description: message }];
  return new AppError('failed_precondition', { reason: 'acme_account_in_use', message, violations });
}
