import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** Columns of a site that may change. */
export type SiteChangeSet = Partial<Omit<Row<'sites'>, 'id' | 'revision' | 'created_at' | 'updated_at'>>;

/** Puts a site in. @throws UniqueViolation "sites_name" */
export async function insertSite(tx: Tx, site: NewRow<'sites'>): Promise<void> {
  await tx.db.insertInto('sites').values(site).execute();
}

/** One site. */
export function siteById(db: Db, id: string): Promise<Row<'sites'> | undefined> {
  return db.selectFrom('sites').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Changes a site; `bumpSite` is the caller's. @throws UniqueViolation "sites_name" */
export async function updateSite(tx: Tx, id: string, change: SiteChangeSet): Promise<void> {
  await tx.db
    .updateTable('sites')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
}

/** Removes a site with its changes, leases and conditions. @throws ReferenceViolation while anything else is in it */
export async function deleteSite(tx: Tx, id: string): Promise<void> {
  await tx.db.deleteFrom('sites').where('id', '=', id).execute();
}
