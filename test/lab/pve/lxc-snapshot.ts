import { type Call, type Handlers, nodeOf, text, vmidOf } from './call.ts';
import { seconds } from './clock.ts';
import { checkLock, digestOf, type Guest } from './guests.ts';
import { snapshotConfig } from './lxc-config.ts';
import { setRunning } from './lxc-power.ts';
import { failure } from './pve-error.ts';

const SNAPSHOTS = '/nodes/{node}/lxc/{vmid}/snapshot';

export const snapshotHandlers: Handlers = {
  'GET /nodes/{node}/lxc/{vmid}/feature': (call) => {
    const guest = guestOf(call);
    return { data: { hasFeature: call.params.feature === 'snapshot' ? Number(canSnapshot(call, guest)) : 1 } };
  },
  [`GET ${SNAPSHOTS}`]: async (call) => ({ data: await list(call, guestOf(call)) }),
  [`POST ${SNAPSHOTS}`]: (call) => {
    const name = nameOf(call);
    if (name === 'current') throw failure("unable to use snapshot name 'current' (reserved name)");
    return task(call, 'vzsnapshot', (guest) => take(call, guest, name));
  },
  [`DELETE ${SNAPSHOTS}/{snapname}`]: (call) => task(call, 'vzdelsnapshot', (guest) => remove(guest, nameOf(call))),
  [`GET ${SNAPSHOTS}/{snapname}/config`]: (call) => ({ data: snapshotConfig(guestOf(call), nameOf(call)) }),
  [`PUT ${SNAPSHOTS}/{snapname}/config`]: (call) => {
    const guest = guestOf(call);
    snapshotConfig(guest, nameOf(call));
    const description = text(call.params, 'description');
    const snapshot = guest.snapshots[nameOf(call)];
    if (snapshot && description !== undefined) snapshot.config.description = `${description.trimEnd()}\n`;
    call.sim.guests.save(guest);
    return { data: null };
  },
  [`POST ${SNAPSHOTS}/{snapname}/rollback`]: (call) =>
    task(call, 'vzrollback', async (guest) => rollback(call, guest, nameOf(call))),
};

function guestOf(call: Call): Guest {
  return call.sim.guests.must(nodeOf(call).name, vmidOf(call));
}

function nameOf(call: Call): string {
  return String(call.params.snapname);
}

function canSnapshot(call: Call, guest: Guest): boolean {
  return guest.volumes.every(({ storage }) => call.sim.storages.find(storage)?.type !== 'dir');
}

function task(call: Call, type: string, body: (guest: Guest) => void | Promise<void>): { data: string } {
  const run = async (): Promise<void> =>
    call.sim.locks.hold(vmidOf(call), async () => {
      const guest = guestOf(call);
      checkLock(guest);
      await body(guest);
      call.sim.guests.save(guest);
    });
  return { data: call.sim.tasks.start(nodeOf(call).name, type, String(vmidOf(call)), call.identity.id, run) };
}

async function list(call: Call, guest: Guest): Promise<unknown[]> {
  const { running } = await nodeOf(call).backend.status(guest.vmid);
  const kept = Object.entries(guest.snapshots).map(([name, { config, snaptime, parent }]) => {
    const description = config.description ?? '';
    return { name, description, snaptime, ...(parent === undefined ? {} : { parent }) };
  });
  const parent = guest.parent === undefined ? {} : { parent: guest.parent };
  const current = { name: 'current', description: 'You are here!', digest: digestOf(guest), running: Number(running) };
  return [...kept, { ...current, ...parent }];
}

function take(call: Call, guest: Guest, name: string): void {
  if (guest.snapshots[name]) throw failure(`snapshot name '${name}' already used`);
  if (!canSnapshot(call, guest)) throw failure('snapshot feature is not available');
  const description = text(call.params, 'description');
  const config = { ...guest.config, ...(description === undefined ? {} : { description: `${description}\n` }) };
  const parent = guest.parent === undefined ? {} : { parent: guest.parent };
  guest.snapshots[name] = { config, snaptime: seconds(call.sim.clock), ...parent };
  guest.parent = name;
}

function remove(guest: Guest, name: string): void {
  const snapshot = guest.snapshots[name];
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  const { parent } = snapshot;
  delete guest.snapshots[name];
  for (const heir of [guest, ...Object.values(guest.snapshots)]) {
    if (heir.parent !== name) continue;
    if (parent === undefined) delete heir.parent;
    else heir.parent = parent;
  }
}

async function rollback(call: Call, guest: Guest, name: string): Promise<void> {
  const snapshot = guest.snapshots[name];
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  await nodeOf(call).backend.stop(guest.vmid);
  guest.config = { ...snapshot.config };
  guest.parent = name;
  setRunning(call.sim, guest, false);
}
