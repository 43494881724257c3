import type { GetDnsProviderRequest, ListDnsProvidersRequest } from '@berth/proto/api/v1/dns_providers_pb.js';
import { notFound } from '../../errors.ts';
import { dnsProviderByReference, domainsUsing } from '../../store/dns-providers.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { type Page, readPage } from '../page.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

/** A provider with what its page shows. */
export interface DnsProviderView {
  provider: Row<'dns_providers'>;
  /** Names of the domains that use it. */
  domains: readonly string[];
}

/** Reads a provider. @throws AppError "dns_provider_not_found" */
export async function getDnsProvider(
  { store }: AppDeps,
  caller: Caller,
  request: GetDnsProviderRequest,
): Promise<DnsProviderView> {
  authorise(caller, 'DnsProvidersService.GetDnsProvider');
  const provider = await findDnsProvider(store.db, request.provider, 'provider');
  const domains = await domainsUsing(store.db, [provider.id]);
  return { provider, domains: domains.get(provider.id) ?? [] };
}

/** Lists providers by name. */
export async function listDnsProviders(
  { store }: AppDeps,
  caller: Caller,
  request: ListDnsProvidersRequest,
): Promise<Page<DnsProviderView>> {
  authorise(caller, 'DnsProvidersService.ListDnsProviders');
  const page = await readPage(
    'dns-providers',
    request,
    (row: Row<'dns_providers'>) => row.name,
    (key, limit) => {
      const query = store.db.selectFrom('dns_providers').selectAll().orderBy('name').limit(limit);
      return (key === undefined ? query : query.where('name', '>', key)).execute();
    },
  );
  const domains = await domainsUsing(
    store.db,
    page.rows.map(({ id }) => id),
  );
  return { ...page, rows: page.rows.map((provider) => ({ provider, domains: domains.get(provider.id) ?? [] })) };
}

/** A provider by identifier or name. @throws AppError "dns_provider_not_found" */
export async function findDnsProvider(db: Db, reference: string, field: string): Promise<Row<'dns_providers'>> {
  const found = new Violations();
  found.check(field, referenceFault(reference));
  found.refuse();
  const row = await dnsProviderByReference(db, reference);
  if (!row) throw notFound('DNS provider', reference, field);
  return row;
}
