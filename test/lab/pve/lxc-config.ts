import { type Call, flag, type Handlers, nodeOf, text, vmidOf } from './call.ts';
import { allocateDisk, configNames, normalise, requireBridges, requireConfigPrivileges } from './config-rules.ts';
import { splitList } from './formats.ts';
import { type ConfigValue, checkLock, digestOf, type Guest, properties, withPending } from './guests.ts';
import { failure, invalidParams } from './pve-error.ts';
import { parametersOf } from './schema.ts';

// Reading and changing a configuration. A change waits for the container's lock, refuses a stale digest, and on a
// running container leaves some options pending until the next start.

const REQUIRED = new Set(['rootfs', 'arch', 'hostname', 'memory', 'swap', 'ostype']);
const NEEDS_RESTART = new Set(['env', 'entrypoint', 'features', 'arch', 'cmode', 'console', 'tty', 'ostype']);
const UPDATE = 'PUT /nodes/{node}/lxc/{vmid}/config';

export const configHandlers: Handlers = {
  'GET /nodes/{node}/lxc/{vmid}/config': (call) => {
    const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
    const snapshot = text(call.params, 'snapshot');
    const digest = digestOf(guest);
    if (snapshot !== undefined) return { data: { ...snapshotConfig(guest, snapshot), digest } };
    const config = flag(call.params, 'current') ? guest.config : withPending(guest);
    return { data: { ...config, ...(guest.parent === undefined ? {} : { parent: guest.parent }), digest } };
  },
  'GET /nodes/{node}/lxc/{vmid}/pending': (call) => {
    const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
    const keys = new Set([...Object.keys(guest.config).filter((key) => key !== 'lxc'), ...Object.keys(guest.pending)]);
    const rows = [...keys].map((key) => pendingRow(guest, key));
    return { data: [...rows, { key: 'digest', value: digestOf(guest) }] };
  },
  [UPDATE]: async (call) => {
    if (Object.keys(call.params).every((name) => ['node', 'vmid', 'digest'].includes(name))) {
      throw failure('no options specified');
    }
    const deleted = listed(call, 'delete');
    const reverted = listed(call, 'revert');
    checkDeletes(call, deleted);
    requireConfigPrivileges(call, vmidOf(call), [...configNames(call.params), ...deleted]);
    await call.sim.locks.hold(vmidOf(call), async () => update(call, deleted, reverted));
    return { data: null };
  },
};

/** The configuration a snapshot kept; 500 when there is none of that name. */
export function snapshotConfig(guest: Guest, name: string): Record<string, unknown> {
  const snapshot = guest.snapshots[name];
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  const { parent } = snapshot;
  return { ...snapshot.config, snaptime: snapshot.snaptime, ...(parent === undefined ? {} : { parent }) };
}

function pendingRow(guest: Guest, key: string): Record<string, unknown> {
  const row: Record<string, unknown> = { key };
  if (guest.config[key] !== undefined) row.value = guest.config[key];
  const pending = guest.pending[key];
  if (pending === null) row.delete = 1;
  else if (pending !== undefined) row.pending = pending;
  return row;
}

function listed(call: Call, name: string): string[] {
  return splitList(text(call.params, name) ?? '');
}

function checkDeletes(call: Call, names: readonly string[]): void {
  const known = parametersOf(UPDATE);
  for (const name of names) {
    if (call.params[name] !== undefined) {
      throw invalidParams({ delete: `you can't use '-${name}' and -delete ${name}' at the same time` });
    }
    if (!known[name] && !known[name.replace(/\d+$/, '[n]')]) {
      throw invalidParams({ delete: `unknown option '${name}'` });
    }
    if (REQUIRED.has(name)) throw failure(`unable to delete required option '${name}'`);
  }
}

async function update(call: Call, deleted: readonly string[], reverted: readonly string[]): Promise<void> {
  const { sim } = call;
  const node = nodeOf(call);
  const guest = sim.guests.must(node.name, vmidOf(call));
  checkLock(guest);
  const digest = text(call.params, 'digest');
  if (digest !== undefined && digest !== digestOf(guest)) {
    throw failure('detected modified configuration - file changed by other user? Try again.');
  }
  const { running } = await node.backend.status(guest.vmid);
  for (const name of reverted) delete guest.pending[name];
  for (const name of deleted) remove(guest, name, running);
  for (const name of configNames(call.params)) set(call, guest, name, running);
  sim.guests.save(guest);
  // A real node stores the value and complains afterwards.
  if (configNames(call.params).some((name) => /^net\d+$/.test(name))) requireBridges(node, guest);
}

function set(call: Call, guest: Guest, name: string, running: boolean): void {
  const given = call.params[name];
  if (given === null || given === undefined) {
    remove(guest, name, running);
    return;
  }
  const value = /^mp\d+$/.test(name) ? allocateDisk(call, guest, name, String(given)) : normalise(call, name, given);
  if (running && NEEDS_RESTART.has(name)) guest.pending[name] = value;
  else store(guest, name, value);
}

function store(guest: Guest, name: string, value: ConfigValue): void {
  guest.config[name] = value;
  delete guest.pending[name];
}

function remove(guest: Guest, name: string, running: boolean): void {
  if (running && NEEDS_RESTART.has(name) && guest.config[name] !== undefined) {
    guest.pending[name] = null;
    return;
  }
  delete guest.pending[name];
  const { volume } = properties(guest.config[name]);
  if (/^mp\d+$/.test(name) && volume !== undefined) keepUnused(guest, volume);
  if (/^unused\d+$/.test(name)) guest.volumes = guest.volumes.filter((kept) => kept.volid !== volume);
  delete guest.config[name];
}

function keepUnused(guest: Guest, volume: string): void {
  let n = 0;
  while (guest.config[`unused${n}`] !== undefined) n++;
  guest.config[`unused${n}`] = volume;
}
