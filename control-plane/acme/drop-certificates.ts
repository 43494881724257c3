import { addSelfSigned } from '../certificates/add-self-signed.ts';
import { selfSigned } from '../certificates/self-signed.ts';
import { newestCertificates } from '../store/certificates.ts';
import { bumpCertificate } from '../store/managed-certificates.ts';
import type { Row } from '../store/schema.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { Store } from '../store/store.ts';
import { hostsOf } from './wanted-certificates.ts';

/** Self-signed certificates that are served are made anew so long before their end, milliseconds. */
const RENEW_MS = 30 * 24 * 3_600_000;

/**
 * Drops certificates, with their keys, that nothing is served with any more: of names that no service has, of names
 * for which there is one of the whole domain instead, and of domains that are to have self-signed ones.
 */
export async function dropUnused(store: Store, siteId: string): Promise<void> {
  const { db } = store;
  const rows = await db
    .selectFrom('certificates as c')
    .innerJoin('domains as d', 'd.id', 'c.domain_id')
    .select(['c.id', 'c.domain_id', 'c.name', 'c.revoked_at', 'd.certificate_source', 'd.certificate_scope'])
    .where('d.site_id', '=', siteId)
    .where('c.self_signed', '=', 0)
    .execute();
  if (rows.length === 0) return;
  const hosts = new Set((await hostsOf(db, siteId)).map(({ domain_id, host }) => `${domain_id} ${host}`));
  const wholly = new Set(
    rows.filter(({ name, revoked_at }) => name === '' && revoked_at === null).map((c) => c.domain_id),
  );
  const unused = rows.filter((row) => {
    if (row.certificate_source === 'self_signed') return true;
    if (row.name === '' || row.certificate_source === 'uploaded') return false;
    const covered = row.certificate_scope === 'wildcard' && wholly.has(row.domain_id);
    return covered || !hosts.has(`${row.domain_id} ${row.name}`);
  });
  if (unused.length === 0) return;
  await store.transaction(async (tx) => {
    for (const { id, domain_id, name } of unused) {
      await tx.db.deleteFrom('certificates').where('id', '=', id).execute();
      await bumpCertificate(tx, siteId, domain_id, name);
      tx.nudge({ kind: 'domain', id: domain_id });
    }
  });
}

/** Makes self-signed certificates anew that are served and end soon. */
export async function renewSelfSigned(store: Store, siteId: string): Promise<void> {
  const now = store.clock.now();
  const served = await newestCertificates(store.db, siteId, 'domains');
  const ending = served.filter(({ self_signed, not_after }) => self_signed === 1 && not_after - now < RENEW_MS);
  for (const former of ending) await replace(store, siteId, former);
}

async function replace(store: Store, siteId: string, former: Row<'certificates'>): Promise<void> {
  const { db } = store;
  const domain = await db.selectFrom('domains').select('name').where('id', '=', former.domain_id).executeTakeFirst();
  if (!domain) return;
  const made = await selfSigned(domain.name, store.clock.now());
  await store.transaction(async (tx) => {
    // Nobody needs two, and by another replica it may be done already.
    const { numDeletedRows } = await tx.db.deleteFrom('certificates').where('id', '=', former.id).executeTakeFirst();
    if (numDeletedRows === 0n) return;
    await addSelfSigned(tx, former.domain_id, made);
    await bumpSite(tx, siteId, null);
  });
}
