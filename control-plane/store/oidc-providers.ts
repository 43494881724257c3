import type { NewRow, Row } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { Db, Tx } from './store.ts';

/** A provider to be, our secret there in the clear. */
export type NewProvider = Omit<NewRow<'oidc_providers'>, 'client_secret_box'> & { client_secret: string };

/** Columns of a provider that may change, our secret there in the clear. */
export type ProviderChange = Partial<
  Omit<Row<'oidc_providers'>, 'id' | 'name' | 'client_secret_box' | 'created_at' | 'updated_at'>
> & { client_secret?: string };

const context = (id: string) => `oidc_providers.client_secret:${id}`;

/** Puts a provider in, its secret sealed. @throws UniqueViolation "oidc_providers_name" */
export async function insertProvider(tx: Tx, provider: NewProvider): Promise<void> {
  const { client_secret, ...rest } = provider;
  const row = { ...rest, client_secret_box: tx.secrets.seal(client_secret, context(provider.id)) };
  await tx.db.insertInto('oidc_providers').values(row).execute();
}

/** Changes a provider. */
export async function updateProvider(tx: Tx, id: string, change: ProviderChange): Promise<void> {
  const { client_secret, ...rest } = change;
  const sealed = client_secret === undefined ? {} : { client_secret_box: tx.secrets.seal(client_secret, context(id)) };
  await tx.db
    .updateTable('oidc_providers')
    .set({ ...rest, ...sealed, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes a provider and its links to accounts. */
export async function deleteProvider(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('oidc_providers').where('id', '=', id).execute();
}

/** A provider by identifier or name. */
export function providerByReference(db: Db, reference: string): Promise<Row<'oidc_providers'> | undefined> {
  return db
    .selectFrom('oidc_providers')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('name', '=', reference)]))
    .executeTakeFirst();
}

/** The providers to sign in with, by name. */
export function enabledProviders(db: Db): Promise<Row<'oidc_providers'>[]> {
  return db.selectFrom('oidc_providers').selectAll().where('enabled', '=', 1).orderBy('name').execute();
}

/** Our secret at a provider; empty for a public client. @throws when the master key is another */
export function clientSecret(secrets: SecretBox, row: Pick<Row<'oidc_providers'>, 'id' | 'client_secret_box'>): string {
  return secrets.open(row.client_secret_box, context(row.id));
}
