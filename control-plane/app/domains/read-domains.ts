import type { GetDomainRequest, ListDomainsRequest } from '@berth/proto/api/v1/domains_pb.js';
import { type ManagedState, managedStates } from '../../store/certificate-lists.ts';
import { grantsOf, type NamedGrant } from '../../store/domain-grants.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { usernames } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findSiteIfNamed } from '../find.ts';
import { nameKey, type Page, readPage, splitNameKey } from '../page.ts';
import { administersDomain, findDomain } from './find-domain.ts';
import { usableDomains } from './may-use.ts';

/** A domain with everything its page shows. */
export interface DomainView {
  domain: Row<'domains'>;
  /** Login name; empty for the site's own. */
  owner: string;
  /** Names. */
  acmeAccount: string;
  dnsProvider: string;
  grants: NamedGrant[];
  /** Of what is ordered. */
  managed: ManagedState[];
  /** The newest certificate of the whole domain. */
  served: Pick<Row<'certificates'>, 'not_after' | 'self_signed' | 'issuer'> | undefined;
  /** Public records that could not be kept. */
  records: Pick<Row<'dns_records'>, 'name' | 'state' | 'problem' | 'updated_at'>[];
  /** Names under it that do not lead to the site. */
  elsewhere: Row<'conditions'>[];
  /** Whether the caller decides over it; who may only use it sees less. */
  administers: boolean;
}

/** Reads a domain. */
export async function getDomain(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: GetDomainRequest,
): Promise<DomainView> {
  return domainView(db, caller, await findDomain(db, caller, request.domain, 'domain', 'DomainsService.GetDomain'));
}

/** Lists the domains that the caller may use, by name. */
export async function listDomains(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListDomainsRequest,
): Promise<Page<DomainView>> {
  authorise(caller, 'DomainsService.ListDomains');
  const site = await findSiteIfNamed(db, request.site, 'site');
  const page = await readPage(`domains ${site?.id ?? ''}`, request, nameKey, (key, limit) => {
    let query = usableDomains(db, db.selectFrom('domains').selectAll(), caller);
    if (site) query = query.where('site_id', '=', site.id);
    if (key !== undefined) {
      const { name, id } = splitNameKey(key);
      query = query.where((row) =>
        row.or([row('name', '>', name), row.and([row('name', '=', name), row('id', '>', id)])]),
      );
    }
    return query.orderBy('name').orderBy('id').limit(limit).execute();
  });
  return { ...page, rows: await domainViews(db, caller, page.rows) };
}

/** The view of one domain. */
export async function domainView(db: Db, caller: Caller, domain: Row<'domains'>): Promise<DomainView> {
  const [view] = await domainViews(db, caller, [domain]);
  if (!view) throw new Error('a domain without a view');
  return view;
}

async function domainViews(db: Db, caller: Caller, domains: readonly Row<'domains'>[]): Promise<DomainView[]> {
  if (domains.length === 0) return [];
  const ids = domains.map(({ id }) => id);
  const owners = await usernames(
    db,
    domains.flatMap(({ owner_id }) => owner_id ?? []),
  );
  const accounts = await namesOf(
    db,
    'acme_accounts',
    domains.map(({ acme_account_id }) => acme_account_id),
  );
  const providers = await namesOf(
    db,
    'dns_providers',
    domains.map(({ dns_provider_id }) => dns_provider_id),
  );
  const grants = await grantsOf(db, ids);
  const managed = await managedStates(db, ids);
  const served = await servedOf(db, ids);
  const records = await troubledRecords(
    db,
    domains.map(({ name }) => name),
  );
  const elsewhere = await leadingElsewhere(db, ids);
  return domains.map((domain) => ({
    domain,
    owner: owners.get(domain.owner_id ?? '') ?? '',
    acmeAccount: accounts.get(domain.acme_account_id ?? '') ?? '',
    dnsProvider: providers.get(domain.dns_provider_id ?? '') ?? '',
    grants: grants.filter(({ domain_id }) => domain_id === domain.id),
    managed: managed.filter(({ domain_id }) => domain_id === domain.id),
    served: served.get(domain.id),
    records: domain.verified_at === null ? [] : records.filter(({ domain_name }) => domain_name === domain.name),
    elsewhere: elsewhere.filter(({ domain_id }) => domain_id === domain.id),
    administers: administersDomain(caller, domain),
  }));
}

async function namesOf(db: Db, table: 'acme_accounts' | 'dns_providers', ids: readonly (string | null)[]) {
  const wanted = [...new Set(ids.flatMap((id) => id ?? []))];
  if (wanted.length === 0) return new Map<string, string>();
  const rows = await db.selectFrom(table).select(['id', 'name']).where('id', 'in', wanted).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** The newest certificate of each domain as a whole. */
async function servedOf(db: Db, domainIds: readonly string[]) {
  const newest = db
    .selectFrom('certificates')
    .select((eb) => eb.fn.max('id').as('id'))
    .where('domain_id', 'in', domainIds)
    .where('name', '=', '')
    .where('revoked_at', 'is', null)
    .groupBy('domain_id');
  const rows = await db
    .selectFrom('certificates')
    .select(['domain_id', 'not_after', 'self_signed', 'issuer'])
    .where('id', 'in', newest)
    .execute();
  return new Map(rows.map((row) => [row.domain_id, row]));
}

function troubledRecords(db: Db, names: readonly string[]) {
  return db
    .selectFrom('dns_records')
    .select(['domain_name', 'name', 'state', 'problem', 'updated_at'])
    .where('domain_name', 'in', names)
    .where('state', 'in', ['foreign', 'failed'])
    .where('wanted', '=', 1)
    .orderBy('name')
    .execute();
}

function leadingElsewhere(db: Db, domainIds: readonly string[]) {
  return db
    .selectFrom('conditions')
    .innerJoin('service_names', 'service_names.host', 'conditions.subject')
    .selectAll('conditions')
    .select('service_names.domain_id')
    .where('conditions.kind', '=', 'name_elsewhere')
    .where('service_names.domain_id', 'in', domainIds)
    .distinct()
    .orderBy('conditions.subject')
    .execute();
}
