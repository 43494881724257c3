import { sql } from 'kysely';
import { rolesOf } from '../store/agents.ts';
import type { Db } from '../store/store.ts';
import type { HeardAgent } from './read-agents.ts';
import type { StoreSamples } from './store-figures.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Puts in how many containers do what, and what they take of their nodes. */
export async function containerFigures(
  db: Db,
  samples: StoreSamples,
  sites: ReadonlyMap<string, string>,
  agents: readonly HeardAgent[],
): Promise<void> {
  const nodes = new Map((await db.selectFrom('nodes').selectAll().execute()).map((node) => [node.id, node]));
  const states = new Map<string, number>();
  const totals = new Map<string, Total>();
  for (const group of await groupsOf(db)) {
    const node = nodes.get(group.node_id);
    const site = sites.get(group.site_id) ?? '';
    const key = JSON.stringify([site, stateOf(group, isHeard(agents, group.site_id, node?.agent_id ?? null))]);
    states.set(key, (states.get(key) ?? 0) + Number(group.count));
    totals.set(group.node_id, plus(totals.get(group.node_id), group));
  }
  for (const [key, count] of states) {
    const [site, state] = JSON.parse(key) as [string, string];
    samples.put('berth_containers', { site, state }, count);
  }
  for (const node of nodes.values()) {
    const at = { site: sites.get(node.site_id) ?? '', node: node.name };
    const total = totals.get(node.id) ?? NOTHING;
    samples.put('berth_node_schedulable', at, node.schedulable);
    samples.put('berth_node_containers', at, total.count);
    samples.put('berth_node_allocated_cores', at, total.cores);
    samples.put('berth_node_allocated_memory_bytes', at, total.memory * MIB);
    samples.put('berth_node_allocated_disk_bytes', at, total.disk * GIB);
    samples.put('berth_node_used_memory_bytes', at, total.usedMemory);
    samples.put('berth_node_used_cores', at, total.usedCores / 1000);
  }
}

type Group = Awaited<ReturnType<typeof groupsOf>>[number];

/** Containers that are alike, as the database counts them. */
function groupsOf(db: Db) {
  return db
    .selectFrom('containers')
    .leftJoin('guest_states', 'guest_states.container_id', 'containers.id')
    .select((eb) => [
      'containers.site_id',
      'containers.node_id',
      'containers.phase',
      'guest_states.exists_on_node',
      'guest_states.power',
      eb.fn.countAll<number>().as('count'),
      eb.fn.sum<number>('containers.cores').as('cores'),
      eb.fn.sum<number>('containers.memory_mib').as('memory'),
      eb.fn.sum<number>('containers.disk_gib').as('disk'),
      eb.fn.sum<number | null>('guest_states.memory_bytes').as('usedMemory'),
      sql<number | null>`sum(guest_states.cpu_permille * containers.cores)`.as('usedCores'),
    ])
    .groupBy(['containers.site_id', 'containers.node_id', 'containers.phase', 'guest_states.exists_on_node'])
    .groupBy('guest_states.power')
    .execute();
}

/** As the API shows a container's state. */
function stateOf({ phase, exists_on_node, power }: Group, heard: boolean): string {
  if (phase !== 'ready') return phase;
  if (!heard || power === null) return 'unknown';
  return exists_on_node === 1 ? power : 'missing';
}

function isHeard(agents: readonly HeardAgent[], siteId: string, nodeAgentId: string | null): boolean {
  const proxmox = agents.filter(({ row }) => row.site_id === siteId && rolesOf(row).includes('proxmox'));
  const agent = proxmox.find(({ row }) => row.id === nodeAgentId) ?? proxmox[0];
  return agent !== undefined && agent.state !== 'unknown';
}

interface Total {
  count: number;
  cores: number;
  memory: number;
  disk: number;
  usedMemory: number;
  usedCores: number;
}

const NOTHING: Total = { count: 0, cores: 0, memory: 0, disk: 0, usedMemory: 0, usedCores: 0 };

function plus(total: Total | undefined, group: Group): Total {
  const { count, cores, memory, disk, usedMemory, usedCores } = total ?? NOTHING;
  return {
    count: count + Number(group.count),
    cores: cores + Number(group.cores),
    memory: memory + Number(group.memory),
    disk: disk + Number(group.disk),
    usedMemory: usedMemory + Number(group.usedMemory ?? 0),
    usedCores: usedCores + Number(group.usedCores ?? 0),
  };
}
