import { sql } from 'kysely';
import type { Db, Tx } from './store.ts';

/** Changes kept per site. Whoever is further behind reads the whole site instead. */
const KEEP = 20_000;
/** How often old changes go, in revisions. */
const PRUNE_EVERY = 1_000;

/** One revision of a site: the container it touched, or null for the site as a whole. */
export interface SiteChange {
  revision: number;
  container_id: string | null;
}

/**
 * Notes that what a site must look like changes: raises its revision, says what moved, and nudges whoever follows it.
 *
 * It takes the site's row lock until the transaction ends, so revisions become visible in their order. A verb that
 * picks free numbers calls it first: then the pickers of one site take turns instead of picking the same.
 * @param containerId whose resources change; null when sites, domains, certificates, nodes or agents do
 * @returns the revision from which on the change holds
 * @throws NoResultError when there is no such site
 */
export async function bumpSite(tx: Tx, siteId: string, containerId: string | null): Promise<number> {
  await tx.db.updateTable('sites').set({ revision: sql<number>`revision + 1` }).where('id', '=', siteId).execute();
  const revision = await siteRevision(tx.db, siteId);
  await tx.db
    .insertInto('site_changes')
    .values({ site_id: siteId, revision, container_id: containerId, at: tx.now })
    .execute();
  if (revision % PRUNE_EVERY === 0) await pruneSiteChanges(tx, siteId, revision - KEEP);
  tx.nudge({ kind: 'site', id: siteId });
  return revision;
}

/** The current revision of a site. @throws NoResultError when there is no such site */
export async function siteRevision(db: Db, siteId: string): Promise<number> {
  const row = await db.selectFrom('sites').select('revision').where('id', '=', siteId).executeTakeFirstOrThrow();
  return row.revision;
}

/** The changes after a revision, oldest first; fewer than the revisions in between when some were pruned. */
export function siteChangesSince(db: Db, siteId: string, revision: number): Promise<SiteChange[]> {
  return db
    .selectFrom('site_changes')
    .select(['revision', 'container_id'])
    .where('site_id', '=', siteId)
    .where('revision', '>', revision)
    .orderBy('revision')
    .execute();
}

/** Forgets the changes up to and including a revision. */
export async function pruneSiteChanges(tx: Tx, siteId: string, upTo: number): Promise<void> {
  await tx.db.deleteFrom('site_changes').where('site_id', '=', siteId).where('revision', '<=', upTo).execute();
}
