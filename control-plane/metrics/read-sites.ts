import { ipv4ToNumber } from '../store/ipv4.ts';
import type { Row } from '../store/schema.ts';
import type { Db, Store } from '../store/store.ts';
import type { StoreSamples } from './store-figures.ts';

/** Puts in what each site has of addresses, leases, services, certificates and conditions. */
export async function siteFigures(
  { db, clock }: Store,
  samples: StoreSamples,
  sites: readonly Row<'sites'>[],
): Promise<void> {
  const names = new Map(sites.map(({ id, name }) => [id, name]));
  const site = (id: string) => names.get(id) ?? '';
  const now = clock.now();
  const [reserved, leases] = [await countBySite(db, 'containers'), await leasesOf(db, now)];
  for (const { id, name, range_start, range_end } of sites) {
    const size = ipv4ToNumber(range_end) - ipv4ToNumber(range_start) + 1;
    samples.put('berth_address_pool_size', { site: name }, size);
    samples.put('berth_address_pool_reserved', { site: name }, reserved.get(id) ?? 0);
    samples.put('berth_dhcp_leases', { site: name }, leases.get(id) ?? 0);
  }
  for (const row of await servicesOf(db)) {
    samples.put('berth_services', { site: site(row.site_id), kind: row.kind }, Number(row.count));
  }
  for (const row of await unhealthyOf(db)) {
    samples.put('berth_backends_unhealthy', { site: site(row.site_id) }, Number(row.count));
  }
  for (const row of await certificatesOf(db)) {
    samples.put('berth_certificates', { site: site(row.site_id), state: row.state }, Number(row.count));
  }
  for (const { site_id, soonest } of await soonestOf(db)) {
    const at = { site: site(site_id) };
    samples.put('berth_certificate_soonest_end_timestamp_seconds', at, Number(soonest) / 1000);
  }
  for (const { site_id, kind, severity, count } of await conditionsOf(db)) {
    samples.put('berth_conditions', { site: site(site_id), kind, severity }, Number(count));
  }
}

async function countBySite(db: Db, table: 'containers'): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom(table)
    .select((eb) => ['site_id', eb.fn.countAll<number>().as('count')])
    .groupBy('site_id')
    .execute();
  return new Map(rows.map(({ site_id, count }) => [site_id, Number(count)]));
}

async function leasesOf(db: Db, now: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('leases')
    .select((eb) => ['site_id', eb.fn.countAll<number>().as('count')])
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .groupBy('site_id')
    .execute();
  return new Map(rows.map(({ site_id, count }) => [site_id, Number(count)]));
}

function servicesOf(db: Db) {
  return db
    .selectFrom('services')
    .select((eb) => ['site_id', 'kind', eb.fn.countAll<number>().as('count')])
    .groupBy(['site_id', 'kind'])
    .execute();
}

function unhealthyOf(db: Db) {
  return db
    .selectFrom('backend_health')
    .innerJoin('agents', 'agents.id', 'backend_health.agent_id')
    .select((eb) => ['agents.site_id', eb.fn.countAll<number>().as('count')])
    .where('backend_health.healthy', '=', 0)
    .groupBy('agents.site_id')
    .execute();
}

function certificatesOf(db: Db) {
  return db
    .selectFrom('managed_certificates')
    .select((eb) => ['site_id', 'state', eb.fn.countAll<number>().as('count')])
    .groupBy(['site_id', 'state'])
    .execute();
}

function soonestOf(db: Db) {
  return db
    .selectFrom('certificates')
    .innerJoin('domains', 'domains.id', 'certificates.domain_id')
    .select((eb) => ['domains.site_id', eb.fn.min('certificates.not_after').as('soonest')])
    .where('certificates.revoked_at', 'is', null)
    .groupBy('domains.site_id')
    .execute();
}

function conditionsOf(db: Db) {
  return db
    .selectFrom('conditions')
    .select((eb) => ['site_id', 'kind', 'severity', eb.fn.countAll<number>().as('count')])
    .groupBy(['site_id', 'kind', 'severity'])
    .execute();
}
