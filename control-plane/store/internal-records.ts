import type { Row } from './schema.ts';
import type { Db } from './store.ts';

/** The TXT records that a site's dnsmasq serves. */
export function recordsOf(db: Db, siteId: string): Promise<Row<'internal_records'>[]> {
  return db.selectFrom('internal_records').selectAll().where('site_id', '=', siteId).execute();
}
