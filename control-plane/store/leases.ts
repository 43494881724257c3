import type { Lease } from '@berth/proto/agent/v1/session_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Finding } from './conditions.ts';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

const CHUNK = 200;

/** Kinds of conditions that `leaseFindings` finds. */
export const LEASE_CONDITIONS = ['lease_conflict', 'unknown_device'] as const;

/** Every lease of a site. */
export function leasesOf(db: Db, siteId: string): Promise<Row<'leases'>[]> {
  return db.selectFrom('leases').selectAll().where('site_id', '=', siteId).orderBy('mac').execute();
}

/** Takes new, renewed and changed leases in. */
export async function putLeases(tx: Tx, siteId: string, leases: readonly Lease[]): Promise<void> {
  for (const group of chunks(leases)) {
    await removeLeases(
      tx,
      siteId,
      group.map(({ mac }) => mac.toLowerCase()),
    );
    const rows = new Map(group.map((lease) => [lease.mac.toLowerCase(), rowOf(siteId, lease, tx.now)]));
    await tx.db
      .insertInto('leases')
      .values([...rows.values()])
      .execute();
  }
}

/** Drops the leases of some hardware addresses. */
export async function removeLeases(tx: Tx, siteId: string, macs: readonly string[]): Promise<void> {
  for (const group of chunks(macs)) {
    await tx.db.deleteFrom('leases').where('site_id', '=', siteId).where('mac', 'in', group).execute();
  }
}

/**
 * Judges leases against reservations: a reserved hardware address with another address is a conflict, so is a reserved
 * address in other hands, and what nobody reserved is a device Berth does not know.
 */
export async function leaseFindings(db: Db, siteId: string, leases: readonly Lease[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const group of chunks(leases)) {
    const macs = group.map(({ mac }) => mac.toLowerCase());
    const addresses = group.map(({ address }) => address);
    const rows = await db
      .selectFrom('containers')
      .select(['id', 'mac', 'address', 'hostname'])
      .where('site_id', '=', siteId)
      .where((is) => is.or([is('mac', 'in', macs), is('address', 'in', addresses)]))
      .execute();
    const byMac = new Map(rows.map((row) => [row.mac, row]));
    const byAddress = new Map(rows.map((row) => [row.address, row]));
    for (const lease of group) {
      const mac = lease.mac.toLowerCase();
      const finding = judge(lease, mac, byMac.get(mac), byAddress.get(lease.address));
      if (finding) findings.push(finding);
    }
  }
  return findings;
}

type Reserved = Pick<Row<'containers'>, 'id' | 'mac' | 'address' | 'hostname'>;

function judge(lease: Lease, mac: string, owner?: Reserved, holder?: Reserved): Finding | undefined {
  if (owner && owner === holder) return undefined;
  const conflict = { kind: 'lease_conflict', severity: 'error' as const, subject: mac };
  if (owner) {
    const message = `${owner.hostname} has taken ${lease.address}, but ${owner.address} is reserved for it`;
    return { ...conflict, message, containerId: owner.id };
  }
  if (holder) {
    const message = `${lease.address}, reserved for ${holder.hostname}, is in use by ${mac}${named(lease)}`;
    return { ...conflict, message, containerId: holder.id };
  }
  const message = `${mac}${named(lease)} has ${lease.address} and is not one of the containers`;
  return { kind: 'unknown_device', severity: 'info', subject: mac, message };
}

function named({ hostname }: Lease): string {
  return hostname ? ` (it calls itself ${hostname})` : '';
}

function rowOf(siteId: string, lease: Lease, now: number): Row<'leases'> {
  return {
    site_id: siteId,
    mac: lease.mac.toLowerCase(),
    address: lease.address,
    hostname: lease.hostname.slice(0, 255),
    expires_at: lease.expiresAt ? timestampMs(lease.expiresAt) : null,
    seen_at: now,
  };
}

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += CHUNK) yield items.slice(at, at + CHUNK);
}
