import {
  type CreateDnsProviderRequest,
  CreateDnsProviderRequestSchema,
  type DeleteDnsProviderRequest,
  DnsProviderSchema,
  type UpdateDnsProviderRequest,
} from '@berth/proto/api/v1/dns_providers_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import {
  deleteDnsProvider,
  dnsProviderByReference,
  domainsUsing,
  insertDnsProvider,
  updateDnsProvider,
} from '../../store/dns-providers.ts';
import { recordsAtProvider } from '../../store/dns-records.ts';
import type { Row } from '../../store/schema.ts';
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
  ALL_PATHS,
  auditable,
  checkFields,
  columnsOf,
  type DnsProviderFields,
  fieldsOfMessage,
  fieldsOfRow,
  merged,
  namesSecret,
  pathsOf,
} from './provider-fields.ts';
import { type DnsProviderKind, KINDS } from './provider-kinds.ts';
import { findDnsProvider } from './read-providers.ts';

const OBJECT = { siteId: null, objectKind: 'dns-provider' };

/** Makes a provider. @returns its identifier @throws AppError "dns_provider_name_taken" */
export async function createDnsProvider(
  { store }: AppDeps,
  caller: Caller,
  request: CreateDnsProviderRequest,
): Promise<string> {
  authorise(caller, 'DnsProvidersService.CreateDnsProvider');
  const fields = fieldsOfMessage(request.provider ?? create(DnsProviderSchema));
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  const which = `must be one of ${Object.keys(KINDS).join(', ')}`;
  if (fields) checkFields(fields, true, found);
  else found.check('provider.kind', which);
  found.refuse();
  if (!fields) throw new Error('a provider without a kind was let through');
  const call = { caller, schema: CreateDnsProviderRequestSchema, request };
  const { outcome } = await namingTaken(fields.name, () =>
    createOnce(store, call, async (tx) => ({ provider: await make(tx, caller, fields) })),
  );
  return outcome.provider;
}

async function make(tx: Tx, caller: Caller, fields: DnsProviderFields): Promise<string> {
  if (await dnsProviderByReference(tx.db, fields.name)) throw nameTaken(fields.name);
  const id = newId('dnp', tx.now);
  const times = { created_at: tx.now, updated_at: tx.now };
  const columns = columnsOf(fields, id, tx.secrets);
  await insertDnsProvider(tx, { id, kind: fields.kind, secret_box: null, last_error: '', ...columns, ...times });
  const change = { kind: fields.kind, ...auditable(fields) };
  await record(tx, caller, { ...OBJECT, action: 'dns-provider.create', objectId: id, change });
  return id;
}

/** Changes the fields the mask names. @returns the identifier @throws AppError "dns_provider_name_taken" */
export async function updateDnsProviderVerb(
  { store }: AppDeps,
  caller: Caller,
  request: UpdateDnsProviderRequest,
): Promise<string> {
  authorise(caller, 'DnsProvidersService.UpdateDnsProvider');
  const message = request.provider ?? create(DnsProviderSchema);
  const asked = fieldsOfMessage(message) ?? { ...message, kind: undefined, settings: {}, secret: '' };
  const found = new Violations();
  const named = maskPaths(request.updateMask, ALL_PATHS, found);
  const reference = message.id || (named.has('name') ? '' : message.name);
  found.check('provider.id', referenceFault(reference));
  found.refuse();
  return namingTaken(asked.name, () =>
    store.transaction(async (tx) => {
      const row = await findDnsProvider(tx.db, reference, 'provider.id');
      const fields = checked(row, asked, named);
      await updateDnsProvider(tx, row.id, { ...columnsOf(fields, row.id, tx.secrets), last_error: '' });
      const change = difference(auditable(fieldsOfRow(row)), auditable(fields));
      await record(tx, caller, { ...OBJECT, action: 'dns-provider.update', objectId: row.id, change });
      return row.id;
    }),
  );
}

type AskedFields = Omit<DnsProviderFields, 'kind'> & { kind: DnsProviderKind | undefined };

/** The fields a row is to have. @throws AppError "invalid_field", also for what is of another kind */
function checked(row: Row<'dns_providers'>, asked: AskedFields, named: ReadonlySet<string>): DnsProviderFields {
  const wrong = new Violations();
  const stays = `is of another kind; the provider is of kind ${row.kind}, which stays`;
  const others = [...named].filter((path) => !pathsOf(row.kind).includes(path));
  for (const path of others) wrong.check('update_mask', `${path} ${stays}`);
  const { kind } = asked;
  if (kind !== undefined && kind !== row.kind) {
    wrong.check(`provider.${kind}`, stays);
    checkFields({ ...asked, kind }, true, wrong);
  }
  const fields = merged(fieldsOfRow(row), asked, named);
  checkFields(fields, namesSecret(row.kind, named), wrong);
  wrong.refuse();
  return fields;
}

/** Removes a provider that no domain uses. @throws AppError "dns_provider_in_use" */
export async function deleteDnsProviderVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteDnsProviderRequest,
): Promise<void> {
  authorise(caller, 'DnsProvidersService.DeleteDnsProvider');
  await store.transaction(async (tx) => {
    const row = await findDnsProvider(tx.db, request.provider, 'provider');
    const [domain] = (await domainsUsing(tx.db, [row.id])).get(row.id) ?? [];
    if (domain !== undefined) throw inUse(`The domain ${domain} uses it.`);
    const [left] = await recordsAtProvider(tx.db, row.id);
    if (left) throw inUse(`The public record ${left.name} is still to be taken away there.`);
    await deleteDnsProvider(tx, row.id);
    const change = auditable(fieldsOfRow(row));
    await record(tx, caller, {
      ...OBJECT,
      action: 'dns-provider.delete',
      objectId: row.id,
      objectName: row.name,
      change,
    });
  });
}

function inUse(message: string): AppError {
  return new AppError('failed_precondition', { reason: 'dns_provider_in_use', message });
}

function nameTaken(name: string): AppError {
  return taken('dns_provider_name_taken', 'provider.name', `There is a DNS provider "${name}" already.`);
}

async function namingTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UniqueViolation) || error.constraint !== 'dns_providers_name') throw error;
    throw nameTaken(name);
  }
}
