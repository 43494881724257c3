import type { GuestInterface, GuestStatus } from './backend.ts';
import { type Call, type Handlers, nodeOf, type Sim, type SimNode, vmidOf } from './call.ts';
import { type Guest, numberOf, parseSize, properties } from './guests.ts';

const MIB = 1024 ** 2;
const DEFAULT_DISK = 4 * 1024 ** 3;
const SUBDIRS = (
  'config pending status vncproxy termproxy vncwebsocket spiceproxy migrate clone rrd rrddata firewall snapshot ' +
  'resize interfaces'
).split(' ');
const PRESSURES = ['cpufull', 'cpusome', 'iofull', 'iosome', 'memoryfull', 'memorysome'];

export const readHandlers: Handlers = {
  'GET /nodes/{node}/lxc': async (call) => {
    const node = nodeOf(call);
    const mine = call.sim.guests.all().filter((guest) => guest.node === node.name && mayAudit(call, guest.vmid));
    return { data: await Promise.all(mine.map(async (guest) => describe(call.sim, node, guest))) };
  },
  'GET /nodes/{node}/lxc/{vmid}': () => ({ data: SUBDIRS.map((subdir) => ({ subdir })) }),
  'GET /nodes/{node}/lxc/{vmid}/status/current': async (call) => {
    const node = nodeOf(call);
    const guest = call.sim.guests.must(node.name, vmidOf(call));
    return { data: { ...(await describe(call.sim, node, guest)), ha: { managed: 0 } } };
  },
  'GET /nodes/{node}/lxc/{vmid}/interfaces': async (call) => {
    const found = await nodeOf(call).backend.interfaces(vmidOf(call));
    return { data: found?.map(printInterface) ?? null };
  },
};

/** Whether the caller may see a container. */
export function mayAudit(call: Call, vmid: number): boolean {
  return call.sim.permissions.has(call.identity, `/vms/${vmid}`, 'VM.Audit');
}

/** A container as lists show it. */
export async function describe(sim: Sim, node: SimNode, guest: Guest): Promise<Record<string, unknown>> {
  const status = await node.backend.status(guest.vmid);
  const { config } = guest;
  const size = properties(config.rootfs).size;
  const known: Record<string, unknown> = {};
  for (const key of ['tags', 'lock', 'template']) if (config[key] !== undefined) known[key] = config[key];
  return {
    vmid: guest.vmid,
    type: 'lxc',
    name: config.hostname ?? `CT${guest.vmid}`,
    status: status.running ? 'running' : 'stopped',
    cpus: numberOf(config, 'cores', node.maxcpu),
    maxmem: numberOf(config, 'memory', 512) * MIB,
    maxswap: config.lock === 'create' ? 0 : numberOf(config, 'swap', 512) * MIB,
    maxdisk: (size === undefined ? 0 : parseSize(size)) || DEFAULT_DISK,
    ...counters(sim, status),
    ...known,
  };
}

function counters(sim: Sim, status: GuestStatus): Record<string, unknown> {
  const zero = { cpu: 0, mem: 0, swap: 0, disk: 0, diskread: 0, diskwrite: 0, netin: 0, netout: 0, uptime: 0 };
  if (!status.running) return zero;
  const uptime = Math.floor((sim.clock.now() - (status.startedAt ?? sim.clock.now())) / 1000);
  const pressures = Object.fromEntries(PRESSURES.map((name) => [`pressure${name}`, '0.00']));
  return { ...zero, uptime, pid: status.pid ?? 0, ...pressures };
}

// The schema calls `prefix` an integer; it arrives as text.
function printInterface(found: GuestInterface): Record<string, unknown> {
  const addresses = found.addresses.map((address) => ({
    'ip-address-type': address.family,
    'ip-address': address.address,
    prefix: String(address.prefix),
  }));
  const first = (family: string): Record<string, string> => {
    const address = found.addresses.find((candidate) => candidate.family === family);
    return address ? { [family]: `${address.address}/${address.prefix}` } : {};
  };
  return {
    name: found.name,
    hwaddr: found.hwaddr,
    'hardware-address': found.hwaddr,
    'ip-addresses': addresses,
    ...first('inet'),
    ...first('inet6'),
  };
}
