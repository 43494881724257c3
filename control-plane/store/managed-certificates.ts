/**
 * Certificates that are kept valid, as rows. A replica works on one by a lease; each claim bears a mark of its own, and
 * every write of the holder is conditional on it, so that one that was thought dead cannot write over its successor.
 */

import type { Row } from './schema.ts';
import { bumpSite } from './site-changes.ts';
import type { Db, Store, Tx } from './store.ts';

/** A certificate to be kept valid. */
export type ManagedCertificate = Row<'managed_certificates'>;

/** What may be written of it. */
export type ManagedChange = Partial<Omit<ManagedCertificate, 'id' | 'site_id' | 'domain_id' | 'name'>>;

/** Proof of holding one; `row` is as it was when it was claimed. */
export interface CertificateClaim {
  id: string;
  mark: string;
  row: ManagedCertificate;
}

/** Thrown when another replica holds it, or it is gone: the former holder stops without a trace. */
export class CertificateLost extends Error {
  constructor(id: string) {
    super(`certificate ${id} is held by another replica, or gone`);
    this.name = 'CertificateLost';
  }
}

/** One of them. */
export function managedById(db: Db, id: string): Promise<ManagedCertificate | undefined> {
  return db.selectFrom('managed_certificates').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those of a domain, by name. */
export function managedOf(db: Db, domainId: string): Promise<ManagedCertificate[]> {
  return db.selectFrom('managed_certificates').selectAll().where('domain_id', '=', domainId).orderBy('name').execute();
}

/**
 * Takes up to `limit` that are due, for an order or for a look at renewal information, and that nobody holds; those
 * that have waited longest first.
 * @param marks gives each claim a mark that no other ever had, at most 80 characters
 */
export function claimCertificates(
  store: Store,
  { marks, leaseMs, limit }: { marks: () => string; leaseMs: number; limit: number },
): Promise<CertificateClaim[]> {
  return store.transaction(async (tx) => {
    let query = tx.db
      .selectFrom('managed_certificates')
      .selectAll()
      .where((row) =>
        row.or([
          row('next_try_at', '<=', tx.now),
          row.and([row('ari_next_look_at', '>', 0), row('ari_next_look_at', '<=', tx.now)]),
        ]),
      )
      .where((row) => row.or([row('leased_until', 'is', null), row('leased_until', '<=', tx.now)]))
      .orderBy('next_try_at')
      .limit(limit);
    if (store.dialect !== 'sqlite') query = query.forUpdate().skipLocked();
    const claims: CertificateClaim[] = [];
    for (const row of await query.execute()) {
      const mark = marks();
      await tx.db
        .updateTable('managed_certificates')
        .set({ leased_by: mark, leased_until: tx.now + leaseMs })
        .where('id', '=', row.id)
        .execute();
      claims.push({ id: row.id, mark, row });
    }
    return claims;
  });
}

/**
 * A write of the holder; it prolongs the lease, or with `leaseMs` 0 gives it back.
 * @throws CertificateLost when another holds it now; nothing is written then
 */
export function heldChange<T>(
  store: Store,
  claim: CertificateClaim,
  leaseMs: number,
  work: (tx: Tx) => Promise<{ change: ManagedChange; result: T }>,
): Promise<T> {
  return store.transaction(async (tx) => {
    // First, so that nothing else of the row moves meanwhile.
    const lease = leaseMs > 0 ? { leased_until: tx.now + leaseMs } : { leased_by: null, leased_until: null };
    if (!(await write(tx, claim, { leased_until: tx.now + Math.max(leaseMs, 1), updated_at: tx.now }))) {
      throw new CertificateLost(claim.id);
    }
    const { change, result } = await work(tx);
    await write(tx, claim, { ...change, ...lease });
    tx.nudge({ kind: 'domain', id: claim.row.domain_id });
    return result;
  });
}

async function write(tx: Tx, { id, mark }: CertificateClaim, change: ManagedChange): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('managed_certificates')
    .set(change)
    .where('id', '=', id)
    .where('leased_by', '=', mark)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return true;
  // MySQL counts rows that differ afterwards only.
  const row = await managedById(tx.db, id);
  return row?.leased_by === mark;
}

/** Prolongs a lease. @returns whether it is still ours */
export function prolongClaim(store: Store, claim: CertificateClaim, leaseMs: number): Promise<boolean> {
  return store.transaction((tx) => write(tx, claim, { leased_until: tx.now + leaseMs }));
}

/** Makes every lease void: for a program that knows to be the only one. */
export async function voidClaims(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db
      .updateTable('managed_certificates')
      .set({ leased_by: null, leased_until: null })
      .where('leased_until', 'is not', null)
      .execute();
  });
}

/** A write by somebody who does not hold it, such as a verb. */
export async function changeManaged(
  tx: Tx,
  { id, domain_id }: ManagedCertificate,
  change: ManagedChange,
): Promise<void> {
  await tx.db
    .updateTable('managed_certificates')
    .set({ ...change, updated_at: tx.now })
    .where('id', '=', id)
    .execute();
  tx.nudge({ kind: 'domain', id: domain_id });
}

/**
 * Notes that what hosts serve with a certificate changes: for the site as a whole, or for the containers that have the
 * one name it is for.
 * @param name as in `certificates.name`
 */
export async function bumpCertificate(tx: Tx, siteId: string, domainId: string, name: string): Promise<void> {
  const containers = name === '' ? [] : await containersWith(tx.db, domainId, name);
  if (containers.length === 0) await bumpSite(tx, siteId, null);
  for (const id of containers) await bumpSite(tx, siteId, id);
}

async function containersWith(db: Db, domainId: string, host: string): Promise<string[]> {
  const byName = await db
    .selectFrom('service_names as n')
    .innerJoin('services as s', 's.id', 'n.service_id')
    .select('s.container_id')
    .where('n.domain_id', '=', domainId)
    .where('n.host', '=', host)
    .execute();
  const byPort = await db
    .selectFrom('services')
    .select('container_id')
    .where('domain_id', '=', domainId)
    .where('sni_host', '=', host)
    .execute();
  return [...new Set([...byName, ...byPort].map(({ container_id }) => container_id))];
}
