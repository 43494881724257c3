import type { GuestStatus } from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import type { Row } from './schema.ts';
import type { Db, Tx } from './store.ts';

const CHUNK = 200;

/** What the Proxmox agent last saw of a container's guest. */
export function guestStateOf(db: Db, containerId: string): Promise<Row<'guest_states'> | undefined> {
  return db.selectFrom('guest_states').selectAll().where('container_id', '=', containerId).executeTakeFirst();
}

/**
 * Takes what an agent saw of guests. A guest is found by VMID in the cluster of the node it is on, so one that moved to
 * another node is still the same; guests that are no container's are left out. Containers whose guest changed in
 * more than its load are nudged.
 */
export async function putGuestStates(tx: Tx, siteId: string, guests: readonly GuestStatus[]): Promise<void> {
  for (let at = 0; at < guests.length; at += CHUNK) {
    const group = guests.slice(at, at + CHUNK);
    const containers = await containersByGuest(
      tx.db,
      siteId,
      group.map(({ vmid }) => vmid),
    );
    for (const guest of group) {
      const containerId = containers.get(`${guest.node}/${guest.vmid}`);
      if (containerId) await putOne(tx, containerId, rowOf(containerId, guest, tx.now));
    }
  }
}

async function containersByGuest(db: Db, siteId: string, vmids: number[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('containers')
    .innerJoin('nodes', (join) =>
      join.onRef('nodes.site_id', '=', 'containers.site_id').onRef('nodes.cluster', '=', 'containers.cluster'),
    )
    .select(['containers.id as id', 'containers.vmid as vmid', 'nodes.name as node'])
    .where('containers.site_id', '=', siteId)
    .where('containers.vmid', 'in', vmids)
    .execute();
  return new Map(rows.map((row) => [`${row.node}/${row.vmid}`, row.id]));
}

async function putOne(tx: Tx, containerId: string, row: Row<'guest_states'>): Promise<void> {
  const before = await guestStateOf(tx.db, containerId);
  if (before) {
    await tx.db.updateTable('guest_states').set(row).where('container_id', '=', containerId).execute();
  } else {
    await tx.db.insertInto('guest_states').values(row).execute();
  }
  if (!before || differs(before, row)) tx.nudge({ kind: 'container', id: containerId });
}

function differs(a: Row<'guest_states'>, b: Row<'guest_states'>): boolean {
  return (['exists_on_node', 'power', 'lock_name', 'addresses'] as const).some((column) => a[column] !== b[column]);
}

function rowOf(containerId: string, guest: GuestStatus, now: number): Row<'guest_states'> {
  return {
    container_id: containerId,
    exists_on_node: guest.exists ? 1 : 0,
    power: guest.power === PowerState.RUNNING ? 'running' : 'stopped',
    lock_name: guest.lock.slice(0, 32),
    uptime_seconds: Number(guest.uptimeSeconds),
    memory_bytes: Number(guest.memoryBytes),
    cpu_permille: Math.round(guest.cpu * 1000),
    addresses: JSON.stringify(guest.addresses),
    seen_at: now,
  };
}
