import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Columns of a provider that may change. */
export type DnsProviderChange = Partial<
  Pick<Row<'dns_providers'>, 'name' | 'settings' | 'check_servers' | 'secret_box' | 'last_error'>
>;

const ERROR_LENGTH = 1_000;

/** Puts a provider in. @throws UniqueViolation "dns_providers_name" */
export async function insertDnsProvider(tx: Tx, provider: NewRow<'dns_providers'>): Promise<void> {
  await tx.db.insertInto('dns_providers').values(provider).execute();
}

/** Changes a provider. @throws UniqueViolation "dns_providers_name" */
export async function updateDnsProvider(tx: Tx, id: string, change: DnsProviderChange): Promise<void> {
  await tx.db
    .updateTable('dns_providers')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes a provider. @throws ReferenceViolation while it has records of ours */
export async function deleteDnsProvider(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('dns_providers').where('id', '=', id).execute();
}

/** A provider by identifier or name. */
export function dnsProviderByReference(db: Db, reference: string): Promise<Row<'dns_providers'> | undefined> {
  return db
    .selectFrom('dns_providers')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('name', '=', reference)]))
    .executeTakeFirst();
}

/** Notes what went wrong when a provider was last used; empty for nothing. */
export async function noteProviderError(tx: Tx, id: string, error: string): Promise<void> {
  await tx.db
    .updateTable('dns_providers')
    .set({ last_error: error.slice(0, ERROR_LENGTH) })
    .where('id', '=', id)
    .where('last_error', '!=', error.slice(0, ERROR_LENGTH))
    .execute();
}

/** The names of the domains that use each of some providers, by name. */
export async function domainsUsing(db: Db, providerIds: readonly string[]): Promise<Map<string, string[]>> {
  if (providerIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('domains')
    .select(['name', 'dns_provider_id'])
    .where('dns_provider_id', 'in', [...providerIds])
    .orderBy('name')
    .execute();
  const byProvider = Map.groupBy(rows, ({ dns_provider_id }) => dns_provider_id ?? '');
  return new Map([...byProvider].map(([id, domains]) => [id, domains.map(({ name }) => name)]));
}
