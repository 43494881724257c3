import { newId } from '../ids.ts';
import type { Row } from './schema.ts';
import { bumpSite } from './site-changes.ts';
import type { Db, Tx } from './store.ts';

/** The TXT records that a site's dnsmasq serves. */
export function recordsOf(db: Db, siteId: string): Promise<Row<'internal_records'>[]> {
  return db.selectFrom('internal_records').selectAll().where('site_id', '=', siteId).execute();
}

/** A text that a site's dnsmasq shall serve. */
export interface InternalText {
  siteId: string;
  fqdn: string;
  value: string;
}

/** Has a site's dnsmasq serve a text, if it does not yet. @returns the revision from which on it does */
export async function insertRecord(tx: Tx, { siteId, fqdn, value }: InternalText): Promise<number> {
  // First, so that two who bring the same take turns.
  const revision = await bumpSite(tx, siteId, null);
  const known = await recordId(tx.db, { siteId, fqdn, value });
  if (known === undefined) {
    const row = { id: newId('txt', tx.now), site_id: siteId, fqdn, text: value, created_at: tx.now };
    await tx.db.insertInto('internal_records').values(row).execute();
  }
  return revision;
}

/** Ends that; a text that is not served is fine. */
export async function deleteRecord(tx: Tx, text: InternalText): Promise<void> {
  const id = await recordId(tx.db, text);
  if (id === undefined) return;
  await tx.db.deleteFrom('internal_records').where('id', '=', id).execute();
  await bumpSite(tx, text.siteId, null);
}

async function recordId(db: Db, { siteId, fqdn, value }: InternalText): Promise<string | undefined> {
  const query = db.selectFrom('internal_records').select('id').where('site_id', '=', siteId);
  return (await query.where('fqdn', '=', fqdn).where('text', '=', value).executeTakeFirst())?.id;
}
