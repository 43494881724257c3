import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Columns of an account that people may change. */
export type AcmeAccountChange = Partial<
  Pick<Row<'acme_accounts'>, 'name' | 'email' | 'terms_agreed' | 'eab_key_id' | 'ca_pem' | 'eab_hmac_box'>
>;

/** Puts an account in. @throws UniqueViolation "acme_accounts_name" */
export async function insertAcmeAccount(tx: Tx, account: NewRow<'acme_accounts'>): Promise<void> {
  await tx.db.insertInto('acme_accounts').values(account).execute();
}

/**
 * Changes an account; it is registered anew, which brings what its authority knows of it up to date.
 * @throws UniqueViolation "acme_accounts_name"
 */
export async function updateAcmeAccount(tx: Tx, id: string, change: AcmeAccountChange): Promise<void> {
  await tx.db
    .updateTable('acme_accounts')
    .set({ ...change, account_url: '', updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes an account; that no domain uses it is the caller's to see to. */
export async function deleteAcmeAccount(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('acme_accounts').where('id', '=', id).execute();
}

/** Holds an account until the transaction ends, so that it is not removed while a domain is given it, or vice versa. */
export async function lockAcmeAccount(tx: Tx, id: string): Promise<void> {
  await tx.db
    .updateTable('acme_accounts')
    .set((row) => ({ updated_at: row.ref('updated_at') }))
    .where('id', '=', id)
    .execute();
}

/** An account by identifier or name. */
export function acmeAccountByReference(db: Db, reference: string): Promise<Row<'acme_accounts'> | undefined> {
  return db
    .selectFrom('acme_accounts')
    .selectAll()
    .where((row) => row.or([row('id', '=', reference), row('name', '=', reference)]))
    .executeTakeFirst();
}

/** Domains that use some accounts, by name. */
export function domainsWithAccounts(
  db: Db,
  accountIds: readonly string[],
): Promise<Pick<Row<'domains'>, 'name' | 'acme_account_id'>[]> {
  return db
    .selectFrom('domains')
    .select(['name', 'acme_account_id'])
    .where('acme_account_id', 'in', accountIds)
    .orderBy('name')
    .execute();
}
