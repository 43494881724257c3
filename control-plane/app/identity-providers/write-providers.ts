import {
  type CreateProviderRequest,
  CreateProviderRequestSchema,
  type DeleteProviderRequest,
  IdentityProviderSchema,
  type UpdateProviderRequest,
} from '@berth/proto/api/v1/oidc_pb.js';
import { create } from '@bufbuild/protobuf';
import { type AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { bumpDirectory } from '../../store/directory-changes.ts';
import { deleteProvider, insertProvider, providerByReference, updateProvider } from '../../store/oidc-providers.ts';
import type { Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { keepAdministrators } from '../people/last-administrator.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { resolveMappings } from './group-mappings.ts';
import {
  auditable,
  checkProvider,
  columnsOf,
  fieldsOfMessage,
  fieldsOfRow,
  PROVIDER_PATHS,
  type ProviderFields,
  providerNameFault,
} from './provider-fields.ts';
import { findProvider } from './read-providers.ts';

const EVERY_FIELD: ReadonlySet<string> = new Set(PROVIDER_PATHS);

/** Adds a provider. @returns its identifier @throws AppError "identity_provider_name_taken" */
export async function createProvider(
  { store }: AppDeps,
  caller: Caller,
  request: CreateProviderRequest,
): Promise<string> {
  authorise(caller, 'IdentityProvidersService.CreateProvider');
  const { name, ...asked } = request.provider ?? create(IdentityProviderSchema);
  const fields = fieldsOfMessage({ name, ...asked });
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('provider.name', providerNameFault(name));
  checkProvider(fields, found);
  found.refuse();
  const call = { caller, schema: CreateProviderRequestSchema, request };
  try {
    const { outcome } = await createOnce(store, call, async (tx) => ({
      provider: await make(tx, caller, name, await resolved(tx, fields)),
    }));
    return outcome.provider;
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === 'oidc_providers_name') throw nameTaken(name);
    throw error;
  }
}

async function make(tx: Tx, caller: Caller, name: string, fields: ProviderFields): Promise<string> {
  if (await providerByReference(tx.db, name)) throw nameTaken(name);
  const id = newId('idp', tx.now);
  const times = { created_at: tx.now, updated_at: tx.now };
  const columns = columnsOf(fields, EVERY_FIELD) as Required<ReturnType<typeof columnsOf>>;
  await insertProvider(tx, { id, name, ...columns, ...times });
  const deed = { action: 'identity-provider.create', siteId: null, objectKind: 'identity-provider', objectId: id };
  await record(tx, caller, { ...deed, change: { name, ...auditable(fields, EVERY_FIELD) } });
  return id;
}

/** Changes the fields the mask names. @returns the identifier @throws AppError "last_administrator" */
export async function updateProviderVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateProviderRequest,
): Promise<string> {
  authorise(caller, 'IdentityProvidersService.UpdateProvider');
  const asked = request.provider ?? create(IdentityProviderSchema);
  const found = new Violations();
  const named = maskPaths(request.updateMask, PROVIDER_PATHS, found);
  found.check('provider.id', referenceFault(asked.id));
  found.refuse();
  return store.transaction(async (tx) => {
    if (named.has('enabled')) await lockDirectory(tx, caller);
    const row = await findProvider(tx.db, asked.id, 'provider.id');
    const changed = fieldsOfMessage({ ...asked, name: row.name });
    const fields = merged(fieldsOfRow(row), changed, named);
    const wrong = new Violations();
    checkProvider(fields, wrong);
    wrong.refuse();
    const mapped = named.has('group_mappings') || named.has('may_administer');
    const final = mapped ? await resolved(tx, fields) : fields;
    await updateProvider(tx, row.id, columnsOf(final, named));
    if (row.enabled === 1 && !final.enabled) await keepAdministrators(tx);
    const deed = { action: 'identity-provider.update', siteId: null, objectKind: 'identity-provider' };
    const { client_secret: _, ...before } = auditable(fieldsOfRow(row), EVERY_FIELD);
    await record(tx, caller, { ...deed, objectId: row.id, change: difference(before, auditable(final, named)) });
    return row.id;
  });
}

/**
 * Removes a provider with its links; whoever had no other way to sign in needs a password from an administrator.
 * @throws AppError "last_administrator"
 */
export async function deleteProviderVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteProviderRequest,
): Promise<void> {
  authorise(caller, 'IdentityProvidersService.DeleteProvider');
  await store.transaction(async (tx) => {
    await lockDirectory(tx, caller);
    const row = await findProvider(tx.db, request.provider, 'provider');
    await deleteProvider(tx, row.id);
    await keepAdministrators(tx);
    const deed = { action: 'identity-provider.delete', siteId: null, objectKind: 'identity-provider' };
    const { client_secret: _, ...change } = auditable(fieldsOfRow(row), EVERY_FIELD);
    await record(tx, caller, { ...deed, objectId: row.id, objectName: row.name, change });
  });
}

/** So that whoever takes the right to administer from somebody in the same moment sees what was done here. */
async function lockDirectory(tx: Tx, { userId }: Caller): Promise<void> {
  await bumpDirectory(tx, 'user', userId);
}

/** The named fields of one on top of the other. */
function merged(before: ProviderFields, changed: ProviderFields, named: ReadonlySet<string>): ProviderFields {
  const change = Object.fromEntries(Object.entries(changed).filter(([path]) => named.has(path)));
  return { ...before, ...change };
}

/** The fields with the identifiers of the groups that they refer to. */
async function resolved(tx: Tx, fields: ProviderFields): Promise<ProviderFields> {
  const found = new Violations();
  const group_mappings = await resolveMappings(tx.db, fields, found);
  found.refuse();
  return { ...fields, group_mappings };
}

function nameTaken(name: string): AppError {
  return taken('identity_provider_name_taken', 'provider.name', `There is a provider "${name}" already.`);
}
