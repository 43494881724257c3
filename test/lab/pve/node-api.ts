import { type Call, flag, type Handlers, nodeOf, number, type SimNode, text } from './call.ts';
import { seconds } from './clock.ts';
import { numberOf } from './guests.ts';
import { describe, mayAudit } from './lxc-read.ts';
import { invalidParams } from './pve-error.ts';

const VERSION = { version: '9.2.11', release: '9.2', repoid: '14a22df35955d97d' };
const KERNEL = { sysname: 'Linux', release: '6.17.2-1-pve', version: '#1 SMP PREEMPT_DYNAMIC', machine: 'x86_64' };
const FIRST_VMID = 100;
const BASE_MEMORY = 900 * 1024 ** 2;

export const nodeHandlers: Handlers = {
  'GET /version': () => ({ data: VERSION }),
  'GET /nodes/{node}/version': () => ({ data: VERSION }),
  'GET /nodes': async (call) => ({
    data: await Promise.all([...call.sim.nodes.values()].map((n) => summary(call, n))),
  }),
  'GET /nodes/{node}/status': async (call) => ({ data: await nodeStatus(call) }),
  'GET /nodes/{node}/time': (call) => {
    const time = seconds(call.sim.clock);
    return { data: { time, localtime: time, timezone: 'UTC' } };
  },
  'GET /nodes/{node}/network': (call) => {
    const used = nodeOf(call).bridges.filter((bridge) => mayUseBridge(call, bridge));
    const type = text(call.params, 'type');
    const shown = type === undefined || ['bridge', 'any_bridge', 'any_local_bridge', 'include_sdn'].includes(type);
    return { data: shown ? used.map(printBridge) : [] };
  },
  'GET /cluster/nextid': (call) => ({ data: nextId(call) }),
  'GET /cluster/status': (call) => {
    const nodes = [...call.sim.nodes.values()];
    const online = nodes.filter((node) => !node.offline);
    const cluster = { type: 'cluster', id: 'cluster', name: 'lab', nodes: nodes.length, quorate: 1, version: 1 };
    const rows = nodes.map((node, i) => ({
      type: 'node',
      id: `node/${node.name}`,
      name: node.name,
      nodeid: i + 1,
      online: online.includes(node) ? 1 : 0,
      local: i === 0 ? 1 : 0,
      level: '',
    }));
    return { data: [cluster, ...rows] };
  },
  'GET /cluster/resources': async (call) => ({ data: await resources(call) }),
};

function mayUseBridge(call: Call, bridge: string): boolean {
  return (
    call.sim.permissions.has(call.identity, `/nodes/${nodeOf(call).name}`, 'Sys.Audit') ||
    call.sim.permissions.has(call.identity, `/sdn/zones/localnetwork/${bridge}`, 'SDN.Use')
  );
}

function printBridge(iface: string): Record<string, unknown> {
  const address = { address: '10.99.0.1', netmask: '24', cidr: '10.99.0.1/24', families: ['inet'] };
  const bridge = { bridge_ports: '', bridge_stp: 'off', bridge_fd: '0' };
  return {
    iface,
    type: 'bridge',
    active: 1,
    autostart: 1,
    priority: 3,
    method: 'static',
    method6: 'manual',
    ...address,
    ...bridge,
  };
}

/** Memory in use on a node: its own, and what its running guests were given, so that placement has something to see. */
async function usedMemory(call: Call, node: SimNode): Promise<number> {
  const guests = call.sim.guests.all().filter((guest) => guest.node === node.name && guest.running);
  const given = guests.reduce((sum, guest) => sum + numberOf(guest.config, 'memory', 512) * 1024 ** 2, 0);
  return Math.min(node.maxmem, BASE_MEMORY + given);
}

async function summary(call: Call, node: SimNode): Promise<Record<string, unknown>> {
  const brief = {
    type: 'node',
    id: `node/${node.name}`,
    node: node.name,
    level: '',
    ssl_fingerprint: node.fingerprint,
    status: node.offline ? 'offline' : 'online',
  };
  if (node.offline || !call.sim.permissions.has(call.identity, `/nodes/${node.name}`, 'Sys.Audit')) return brief;
  const uptime = uptimeOf(call);
  const mem = await usedMemory(call, node);
  const { maxcpu, maxmem, maxdisk } = node;
  return { ...brief, cpu: 0.015, maxcpu, mem, maxmem, disk: Math.floor(maxdisk / 8), maxdisk, uptime };
}

function uptimeOf(call: Call): number {
  return Math.floor((call.sim.clock.now() - call.sim.bootedAt) / 1000);
}

async function nodeStatus(call: Call): Promise<Record<string, unknown>> {
  const node = nodeOf(call);
  const used = await usedMemory(call, node);
  const free = node.maxmem - used;
  const disk = Math.floor(node.maxdisk / 8);
  return {
    uptime: uptimeOf(call),
    cpu: 0.015,
    idle: 0,
    wait: 0,
    loadavg: ['0.20', '0.23', '0.38'],
    memory: { total: node.maxmem, used, free, available: free },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: { total: node.maxdisk, used: disk, avail: node.maxdisk - disk, free: node.maxdisk - disk },
    ksm: { shared: 0 },
    'boot-info': { mode: 'legacy-bios' },
    'current-kernel': KERNEL,
    kversion: `${KERNEL.sysname} ${KERNEL.release} ${KERNEL.version}`,
    pveversion: `pve-manager/${VERSION.version}/${VERSION.repoid}`,
    cpuinfo: cpuInfo(node),
  };
}

function cpuInfo(node: SimNode): Record<string, unknown> {
  const { maxcpu } = node;
  const speed = { mhz: '2596.096', user_hz: 100, hvm: '', flags: 'fpu sse sse2' };
  return {
    model: 'Simulated CPU',
    vendor: 'AuthenticAMD',
    family: '26',
    sockets: 1,
    cores: maxcpu,
    cpus: maxcpu,
    ...speed,
  };
}

function nextId(call: Call): string {
  const wanted = number(call.params, 'vmid');
  if (wanted !== undefined) {
    if (call.sim.guests.get(wanted)) throw invalidParams({ vmid: `VM ${wanted} already exists` });
    return String(wanted);
  }
  let vmid = FIRST_VMID;
  while (call.sim.guests.get(vmid)) vmid++;
  return String(vmid);
}

async function resources(call: Call): Promise<unknown[]> {
  const type = text(call.params, 'type');
  const wants = (kind: string): boolean => type === undefined || type === kind;
  const guests = wants('vm') ? await guestResources(call) : [];
  const nodes = wants('node') ? await Promise.all([...call.sim.nodes.values()].map((n) => summary(call, n))) : [];
  const printed = nodes.map(({ ssl_fingerprint: _, ...node }) => node);
  return [...guests, ...printed, ...(wants('storage') ? storageResources(call) : [])];
}

async function guestResources(call: Call): Promise<unknown[]> {
  const visible = call.sim.guests.all().filter((guest) => mayAudit(call, guest.vmid));
  return Promise.all(visible.map(async (guest) => guestResource(call, guest.vmid)));
}

/** A container as the cluster's resource list and pools show it. */
export async function guestResource(call: Call, vmid: number): Promise<Record<string, unknown>> {
  const guest = call.sim.guests.get(vmid);
  const node = guest && call.sim.nodes.get(guest.node);
  if (!guest || !node) return {};
  const row = await describe(call.sim, node, guest);
  const pool = call.sim.pools.poolOf(vmid);
  const kept = Object.entries(row).filter(([key]) => !/^(?:pressure|cpus$|maxswap$|swap$|pid$)/.test(key));
  return {
    ...Object.fromEntries(kept),
    id: `lxc/${vmid}`,
    node: guest.node,
    maxcpu: row.cpus,
    template: flag({ template: Number(guest.config.template ?? 0) }, 'template') ? 1 : 0,
    ...(node.offline ? { status: 'unknown' } : {}),
    ...(pool === undefined ? {} : { pool }),
  };
}

function storageResources(call: Call): unknown[] {
  const visible = call.sim.storages
    .all()
    .filter(({ id }) => call.sim.permissions.has(call.identity, `/storage/${id}`, 'Datastore.Audit'));
  return [...call.sim.nodes.keys()].flatMap((node) =>
    visible.map((storage) => {
      const { used: disk, total: maxdisk } = call.sim.storages.usage(storage);
      const { id, type: plugintype } = storage;
      const named = { id: `storage/${node}/${id}`, type: 'storage', storage: id, node, plugintype, shared: 0 };
      return { ...named, status: 'available', content: storage.content.join(','), disk, maxdisk };
    }),
  );
}
