import { newId } from '../ids.ts';
import { changeManaged, type ManagedCertificate } from '../store/managed-certificates.ts';
import type { Store, Tx } from '../store/store.ts';
import { type WantedCertificate, wantedCertificates } from './wanted-certificates.ts';

/** Rows in one statement. */
const BATCH = 100;

/**
 * Makes the rows of a site's certificates be those that are wanted: new ones are due at once, those whose names changed
 * too, and those that nobody wants any more go, unless somebody is working on one, which goes the next time.
 */
export async function reconcileManaged(store: Store, siteId: string): Promise<void> {
  const wanted = new Map(
    (await wantedCertificates(store.db, siteId)).map((one) => [keyOf(one.domainId, one.name), one]),
  );
  const present = await rowsOf(store, siteId);
  const added = [...wanted.values()].filter((one) => !present.has(keyOf(one.domainId, one.name)));
  const changed = [...present].flatMap(([key, row]) => {
    const one = wanted.get(key);
    return one && row.dns_names !== JSON.stringify(one.dnsNames) ? [{ row, one }] : [];
  });
  const now = store.clock.now();
  const gone = [...present].flatMap(([key, row]) => (wanted.has(key) || isHeld(row, now) ? [] : [row]));
  if (added.length + changed.length + gone.length === 0) return;
  await store.transaction(async (tx) => {
    await insert(tx, siteId, added);
    for (const { row, one } of changed) {
      const dns_names = JSON.stringify(one.dnsNames);
      await changeManaged(tx, row, { dns_names, next_try_at: tx.now, next_try_reason: 'its names changed' });
    }
    for (const row of gone) {
      await tx.db.deleteFrom('managed_certificates').where('id', '=', row.id).execute();
      tx.nudge({ kind: 'domain', id: row.domain_id });
    }
  });
}

async function rowsOf({ db }: Store, siteId: string): Promise<Map<string, ManagedCertificate>> {
  const rows = await db.selectFrom('managed_certificates').selectAll().where('site_id', '=', siteId).execute();
  return new Map(rows.map((row) => [keyOf(row.domain_id, row.name), row]));
}

async function insert(tx: Tx, siteId: string, added: readonly WantedCertificate[]): Promise<void> {
  const rows = added.map((one) => ({
    id: newId('mct', tx.now),
    site_id: siteId,
    domain_id: one.domainId,
    name: one.name,
    dns_names: JSON.stringify(one.dnsNames),
    state: 'pending' as const,
    next_try_at: tx.now,
    next_try_reason: 'its first order',
    failures: 0,
    last_error: '',
    progress: '',
    explanation_url: '',
    order_url: '',
    ari_id: '',
    ari_next_look_at: 0,
    created_at: tx.now,
    updated_at: tx.now,
  }));
  for (let at = 0; at < rows.length; at += BATCH) {
    await tx.db
      .insertInto('managed_certificates')
      .values(rows.slice(at, at + BATCH))
      .execute();
  }
  for (const id of new Set(added.map(({ domainId }) => domainId))) tx.nudge({ kind: 'domain', id });
}

function isHeld({ leased_until }: ManagedCertificate, now: number): boolean {
  return leased_until !== null && leased_until > now;
}

function keyOf(domainId: string, name: string): string {
  return `${domainId} ${name}`;
}
