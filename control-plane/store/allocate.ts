/**
 * Picks what a new container gets. Everything is read within the caller's transaction and by index; the unique
 * constraints have the last word, and a verb that breaks one runs again and picks anew. After `bumpSite` the pickers
 * of one site take turns, so that is rare: a VMID can still collide when two sites share a cluster.
 */
import type { Random } from '@berth/proto/contract/random.ts';
import { AppError } from '../errors.ts';
import { lowestFree } from './lowest-free.ts';
import type { Row } from './schema.ts';
import type { Tx } from './store.ts';

const FIRST_VMID = 100;
const LAST_VMID = 999_999_999;
const MAC_PREFIX = 'bc:24:11';
const MAC_ATTEMPTS = 32;

/** Notes a VMID that a guest of somebody else has, so that it is not picked again. Doing so twice is harmless. */
export async function noteForeignVmid(tx: Tx, cluster: string, vmid: number): Promise<void> {
  await tx.db.deleteFrom('foreign_vmids').where('cluster', '=', cluster).where('vmid', '=', vmid).execute();
  await tx.db.insertInto('foreign_vmids').values({ cluster, vmid, seen_at: tx.now }).execute();
}

/**
 * The lowest VMID of a cluster that neither a container nor a known stranger has.
 * @param first the lowest to take, at least 100, below which PVE takes none
 * @throws AppError "vmids_exhausted"
 */
export async function pickVmid(tx: Tx, cluster: string, first = FIRST_VMID): Promise<number> {
  const usedIn = async (from: number, to: number) => {
    const tables = ['containers', 'foreign_vmids'] as const;
    const read = (table: (typeof tables)[number]) =>
      tx.db
        .selectFrom(table)
        .select('vmid')
        .where('cluster', '=', cluster)
        .where('vmid', '>=', from)
        .where('vmid', '<=', to)
        .execute();
    return [...(await read('containers')), ...(await read('foreign_vmids'))].map((row) => row.vmid);
  };
  const vmid = await lowestFree(Math.max(first, FIRST_VMID), LAST_VMID, usedIn);
  if (vmid === undefined) throw exhausted('vmids_exhausted', `Cluster ${cluster} has no free VMID left.`);
  return vmid;
}

/** A random MAC under Proxmox's own prefix that no container has. @throws AppError "macs_exhausted" */
export async function pickMac(tx: Tx, random: Random): Promise<string> {
  for (let attempt = 0; attempt < MAC_ATTEMPTS; attempt++) {
    const mac = randomMac(random);
    const row = await tx.db.selectFrom('containers').select('id').where('mac', '=', mac).executeTakeFirst();
    if (!row) return mac;
  }
  throw exhausted('macs_exhausted', `No free MAC was found under ${MAC_PREFIX}.`);
}

function randomMac(random: Random): string {
  const octet = () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  return `${MAC_PREFIX}:${octet()}:${octet()}:${octet()}`;
}

/**
 * The lowest external port of a site's range that no service of this kind has.
 * @param besides ports the same request has asked for or been given already
 * @throws AppError "ports_exhausted"
 */
export async function pickPort(
  tx: Tx,
  site: Row<'sites'>,
  kind: 'tcp' | 'udp',
  besides: ReadonlySet<number> = new Set(),
): Promise<number> {
  const usedIn = async (from: number, to: number) => {
    const rows = await tx.db
      .selectFrom('services')
      .select('external_port')
      .where('site_id', '=', site.id)
      .where('kind', '=', kind)
      .where('external_port', '>=', from)
      .where('external_port', '<=', to)
      .execute();
    return [...besides, ...rows.map((row) => row.external_port ?? 0)];
  };
  const port = await lowestFree(site.port_range_start, site.port_range_end, usedIn);
  if (port === undefined) throw exhausted('ports_exhausted', `Site ${site.name} has no free ${kind} port left.`);
  return port;
}

/**
 * The schedulable node of a site with the fewest containers, the first by name among equals.
 * @throws AppError "no_schedulable_node"
 */
export async function pickNode(tx: Tx, site: Row<'sites'>): Promise<Row<'nodes'>> {
  const node = await tx.db
    .selectFrom('nodes')
    .selectAll()
    .where('site_id', '=', site.id)
    .where('schedulable', '=', 1)
    .orderBy((eb) =>
      eb
        .selectFrom('containers')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('containers.node_id', '=', 'nodes.id'),
    )
    .orderBy('name')
    .limit(1)
    .executeTakeFirst();
  if (node) return node;
  throw new AppError('failed_precondition', {
    reason: 'no_schedulable_node',
    message: `Site ${site.name} has no node that takes new containers.`,
  });
}

function exhausted(reason: string, message: string): AppError {
  return new AppError('resource_exhausted', { reason, message });
}
