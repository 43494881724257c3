import type { Row } from './schema.ts';
import type { Db } from './store.ts';

/** The challenges that a site's nginx answers. */
export function challengesOf(db: Db, siteId: string): Promise<Row<'acme_challenges'>[]> {
  return db
    .selectFrom('acme_challenges')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('kind', '=', 'http-01')
    .execute();
}
