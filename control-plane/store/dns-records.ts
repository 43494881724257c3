/**
 * Public records as rows. Whoever works on one claims it first, for the time of a lease; what is written afterwards
 * holds only if the lease does and the record is still wished as it was claimed.
 */
import type { Row } from './schema.ts';
import type { Db, Store, Tx } from './store.ts';

const PROBLEM_LENGTH = 1_000;

/** A record as it is wished; `type` and `name` tell it from others. */
export type WantedRecord = Pick<
  Row<'dns_records'>,
  'site_id' | 'domain_name' | 'dns_provider_id' | 'name' | 'type' | 'value'
>;

/** A name of a service under a domain whose records are kept, and where it has to lead. */
export interface PublishedName {
  name: string;
  domain_name: string;
  dns_provider_id: string;
  external_address: string;
}

/** The names of a site that are to have public records, those of its HTTP services and those that TLS is asked for. */
export async function publishedNames(db: Db, siteId: string): Promise<PublishedName[]> {
  const domains = db
    .selectFrom('domains')
    .innerJoin('sites', 'sites.id', 'domains.site_id')
    .select(['domains.name as domain_name', 'domains.dns_provider_id', 'sites.external_address'])
    .distinct()
    .where('domains.publish_dns', '=', 1)
    .where('domains.verified_at', 'is not', null)
    .where('sites.id', '=', siteId)
    .where('sites.external_address', '!=', '');
  const http = await domains
    .innerJoin('service_names', 'service_names.domain_id', 'domains.id')
    .select('service_names.host as name')
    .execute();
  const byTls = await domains
    .innerJoin('services', 'services.domain_id', 'domains.id')
    .select('services.sni_host as name')
    .where('services.sni_host', '!=', '')
    .execute();
  const named = new Map([...http, ...byTls].map((row) => [row.name, row]));
  return [...named.values()].flatMap(({ dns_provider_id, ...row }) =>
    dns_provider_id === null ? [] : [{ ...row, dns_provider_id }],
  );
}

/** The records of a site, wished or on their way out. */
export function recordsOfSite(db: Db, siteId: string): Promise<Row<'dns_records'>[]> {
  return db.selectFrom('dns_records').selectAll().where('site_id', '=', siteId).execute();
}

/** The records at a provider, at most one. */
export function recordsAtProvider(db: Db, providerId: string): Promise<Pick<Row<'dns_records'>, 'name'>[]> {
  return db.selectFrom('dns_records').select('name').where('dns_provider_id', '=', providerId).limit(1).execute();
}

/** Every site that has records, or would like to. */
export async function sitesWithRecords(db: Db): Promise<string[]> {
  const [wishing, having] = [
    await db.selectFrom('domains').select('site_id').distinct().where('publish_dns', '=', 1).execute(),
    await db.selectFrom('dns_records').select('site_id').distinct().execute(),
  ];
  return [...new Set([...wishing, ...having].map(({ site_id }) => site_id))];
}

/** The sites of some domains that are still there. */
export async function sitesOfDomains(db: Db, domainIds: readonly string[]): Promise<string[]> {
  if (domainIds.length === 0) return [];
  const rows = await db
    .selectFrom('domains')
    .select('site_id')
    .distinct()
    .where('id', 'in', [...domainIds])
    .execute();
  return rows.map(({ site_id }) => site_id);
}

/** Puts a record in that is to be made. @throws UniqueViolation "dns_records_name" */
export async function insertDnsRecord(tx: Tx, id: string, wanted: WantedRecord): Promise<void> {
  const fresh = { wanted: 1, state: 'pending' as const, problem: '', failures: 0, next_try_at: tx.now };
  const row = { id, ...wanted, ...fresh, created_at: tx.now, updated_at: tx.now };
  await tx.db.insertInto('dns_records').values(row).execute();
}

/** Wishes a record otherwise; it is worked on at once. */
export async function changeDnsRecord(
  tx: Tx,
  id: string,
  change: Partial<Pick<Row<'dns_records'>, 'wanted' | 'value' | 'domain_name'>>,
): Promise<void> {
  const again = { state: 'pending' as const, problem: '', failures: 0, next_try_at: tx.now, updated_at: tx.now };
  await tx.db
    .updateTable('dns_records')
    .set({ ...change, ...again })
    .where('id', '=', id)
    .execute();
}

/** Takes the record that has been due longest and that nobody works on, for `leaseMs` milliseconds. */
export function claimDnsRecord(store: Store, owner: string, leaseMs: number): Promise<Row<'dns_records'> | undefined> {
  return store.transaction(async (tx) => {
    let query = tx.db
      .selectFrom('dns_records')
      .selectAll()
      .where('next_try_at', '<=', tx.now)
      .where((row) => row.or([row('leased_until', 'is', null), row('leased_until', '<=', tx.now)]))
      .orderBy('next_try_at')
      .limit(1);
    if (store.dialect !== 'sqlite') query = query.forUpdate().skipLocked();
    const row = await query.executeTakeFirst();
    if (!row) return undefined;
    const lease = { leased_by: owner, leased_until: tx.now + leaseMs };
    await tx.db.updateTable('dns_records').set(lease).where('id', '=', row.id).execute();
    return { ...row, ...lease };
  });
}

/** What working on a record came to. */
export type RecordOutcome =
  | { state: 'gone' }
  | { state: 'present'; record: string; nextTryAt: number }
  | { state: 'foreign' | 'failed'; problem: string; nextTryAt: number };

/** Writes what came of a claimed record; what was wished otherwise meanwhile is only given back. */
export async function settleDnsRecord(tx: Tx, claim: Row<'dns_records'>, outcome: RecordOutcome): Promise<void> {
  if (claim.leased_by === null) return;
  const { id, leased_by } = claim;
  const back = { leased_by: null, leased_until: null };
  const row = await tx.db
    .selectFrom('dns_records')
    .select(['wanted', 'value'])
    .where('id', '=', id)
    .where('leased_by', '=', leased_by)
    .executeTakeFirst();
  if (!row) return;
  const same = row.wanted === claim.wanted && row.value === claim.value;
  if (same && outcome.state === 'gone') {
    await tx.db.deleteFrom('dns_records').where('id', '=', id).execute();
    return;
  }
  const columns = same && outcome.state !== 'gone' ? columnsOf(claim, outcome) : {};
  await tx.db
    .updateTable('dns_records')
    .set({ ...back, ...columns, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

function columnsOf({ failures }: Row<'dns_records'>, outcome: Exclude<RecordOutcome, { state: 'gone' }>) {
  const { state, nextTryAt: next_try_at } = outcome;
  if (outcome.state === 'present') return { state, record: outcome.record, problem: '', failures: 0, next_try_at };
  const problem = outcome.problem.slice(0, PROBLEM_LENGTH);
  return { state, problem, next_try_at, failures: state === 'failed' ? failures + 1 : 0 };
}

/** Gives back what a former self was working on: for a process that knows to be the only one. */
export async function releaseDnsRecords(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    const back = { leased_by: null, leased_until: null };
    await tx.db.updateTable('dns_records').set(back).where('leased_by', 'is not', null).execute();
  });
}

/** The records of a domain after a name and type, by these. */
export function recordsOfDomain(
  db: Db,
  domainName: string,
  after: Pick<Row<'dns_records'>, 'name' | 'type'> | undefined,
  limit: number,
): Promise<Row<'dns_records'>[]> {
  const query = db.selectFrom('dns_records').selectAll().where('domain_name', '=', domainName);
  const rest = after
    ? query.where((row) =>
        row.or([row('name', '>', after.name), row.and([row('name', '=', after.name), row('type', '>', after.type)])]),
      )
    : query;
  return rest.orderBy('name').orderBy('type').limit(limit).execute();
}
