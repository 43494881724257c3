import { newId } from '../ids.ts';
import { changeManaged, type ManagedCertificate, type ManagedChange } from '../store/managed-certificates.ts';
import type { Store, Tx } from '../store/store.ts';
import { NO_ORDER } from './settle.ts';
import { type WantedCertificate, wantedCertificates } from './wanted-certificates.ts';

/** Rows in one statement. */
const BATCH = 100;

/**
 * Makes the rows of a site's certificates be those that are wanted: new ones are due at once, those whose names or
 * source changed too, and one that failed once people have changed what it is ordered by. Those that nobody wants any
 * more go. Whatever somebody is working on is left to the next look.
 */
export async function reconcileManaged(store: Store, siteId: string): Promise<void> {
  const wanted = new Map(
    (await wantedCertificates(store.db, siteId)).map((one) => [keyOf(one.domainId, one.name), one]),
  );
  const present = await rowsOf(store, siteId);
  const added = [...wanted.values()].filter((one) => !present.has(keyOf(one.domainId, one.name)));
  const now = store.clock.now();
  const free = [...present].filter(([, row]) => row.leased_until === null || row.leased_until <= now);
  const changes = free.flatMap(([key, row]) => {
    const one = wanted.get(key);
    const change = one && changeOf(row, one, now);
    return change ? [{ row, change }] : [];
  });
  const gone = free.flatMap(([key, row]) => (wanted.has(key) ? [] : [row]));
  if (added.length + changes.length + gone.length === 0) return;
  await store.transaction(async (tx) => {
    await insert(tx, siteId, added);
    for (const { row, change } of changes) await changeManaged(tx, row, { ...change, next_try_at: tx.now });
    for (const row of gone) {
      await tx.db.deleteFrom('managed_certificates').where('id', '=', row.id).execute();
      tx.nudge({ kind: 'domain', id: row.domain_id });
    }
  });
}

function changeOf(row: ManagedCertificate, one: WantedCertificate, now: number): ManagedChange | undefined {
  const dns_names = JSON.stringify(one.dnsNames);
  if (row.source !== one.source) {
    // The order and what it would replace are another authority's.
    const none: ManagedChange = { ...NO_ORDER, ari_id: '', ari_next_look_at: 0, explanation_url: '', failures: 0 };
    return { ...none, dns_names, source: one.source, next_try_reason: 'it is to come from elsewhere' };
  }
  if (row.dns_names !== dns_names) return { dns_names, next_try_reason: 'its names changed' };
  const mended = row.failures > 0 && row.next_try_at > now && one.changedAt > (row.last_error_at ?? 0);
  return mended ? { next_try_reason: 'what it is ordered by was changed' } : undefined;
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
    source: one.source,
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

function keyOf(domainId: string, name: string): string {
  return `${domainId} ${name}`;
}
