import type { GetProviderRequest, ListProvidersRequest } from '@berth/proto/api/v1/oidc_pb.js';
import { AppError, notFound } from '../../errors.ts';
import { groupNames } from '../../store/group-mapping.ts';
import { identityCounts } from '../../store/oidc-identities.ts';
import { enabledProviders, providerByReference } from '../../store/oidc-providers.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { type Page, readPage } from '../page.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { readMappings } from './group-mappings.ts';

/** A provider with everything its page shows. */
export interface ProviderView {
  provider: Row<'oidc_providers'>;
  identities: number;
  /** Names of the groups that are mapped and still there. */
  groupNames: ReadonlyMap<string, string>;
}

/** Reads a provider. */
export async function getProvider(
  { store }: AppDeps,
  caller: Caller,
  request: GetProviderRequest,
): Promise<ProviderView> {
  authorise(caller, 'IdentityProvidersService.GetProvider');
  return providerView(store.db, await findProvider(store.db, request.provider, 'provider'));
}

/** Lists providers by name. */
export async function listProviders(
  { store }: AppDeps,
  caller: Caller,
  request: ListProvidersRequest,
): Promise<Page<ProviderView>> {
  authorise(caller, 'IdentityProvidersService.ListProviders');
  const page = await readPage(
    'identity-providers',
    request,
    (row: Row<'oidc_providers'>) => row.name,
    (key, limit) => {
      const query = store.db.selectFrom('oidc_providers').selectAll().orderBy('name').limit(limit);
      return (key === undefined ? query : query.where('name', '>', key)).execute();
    },
  );
  return { ...page, rows: await Promise.all(page.rows.map((row) => providerView(store.db, row))) };
}

/** The providers to sign in with. */
export function listSignInProviders({ store }: AppDeps): Promise<Row<'oidc_providers'>[]> {
  return enabledProviders(store.db);
}

/** A provider by identifier or name. @throws AppError "identity_provider_not_found" */
export async function findProvider(db: Db, reference: string, field: string): Promise<Row<'oidc_providers'>> {
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
  const row = await providerByReference(db, reference);
  if (!row) throw notFound('identity provider', reference, field);
  return row;
}

/** Refuses a provider with which one cannot sign in now. @throws AppError "provider_disabled" */
export function requireEnabled(provider: Row<'oidc_providers'>): void {
  if (provider.enabled === 1) return;
  throw new AppError('failed_precondition', {
    reason: 'provider_disabled',
    message: `One cannot sign in with ${provider.display_name} at present.`,
  });
}

async function providerView(db: Db, provider: Row<'oidc_providers'>): Promise<ProviderView> {
  const groups = readMappings(provider).map(({ group }) => group);
  const counts = await identityCounts(db, [provider.id]);
  return { provider, identities: counts.get(provider.id) ?? 0, groupNames: await groupNames(db, groups) };
}
