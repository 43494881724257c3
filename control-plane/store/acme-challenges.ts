import type { NewRow, Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

/** The challenges that a site's nginx answers. */
export function challengesOf(db: Db, siteId: string): Promise<Row<'acme_challenges'>[]> {
  return db
    .selectFrom('acme_challenges')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('kind', '=', 'http-01')
    .execute();
}

/** The challenges of one certificate. */
export function challengesFor(db: Db, managedId: string): Promise<Row<'acme_challenges'>[]> {
  return db.selectFrom('acme_challenges').selectAll().where('managed_id', '=', managedId).orderBy('id').execute();
}

/** Challenges whose certificate is gone, or has no order under way and nobody who works on it. */
export function strayChallenges(db: Db, now: number): Promise<Row<'acme_challenges'>[]> {
  return db
    .selectFrom('acme_challenges as c')
    .leftJoin('managed_certificates as m', 'm.id', 'c.managed_id')
    .selectAll('c')
    .where((row) =>
      row.or([
        row('m.id', 'is', null),
        row.and([
          row('m.order_url', '=', ''),
          row.or([row('m.leased_until', 'is', null), row('m.leased_until', '<=', now)]),
        ]),
      ]),
    )
    .execute();
}

/** Puts challenges in. */
export async function insertChallenges(tx: Tx, rows: readonly NewRow<'acme_challenges'>[]): Promise<void> {
  if (rows.length > 0) await tx.db.insertInto('acme_challenges').values(rows).execute();
}

/** Takes challenges out. */
export async function deleteChallenges(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.db.deleteFrom('acme_challenges').where('id', 'in', ids).execute();
}
