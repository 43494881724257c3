import { type Call, flag, type Handlers, nodeOf, text, vmidOf } from './call.ts';
import { randomMac } from './config-rules.ts';
import { checkLock, type Guest, type GuestConfig, parseSize, printSize, properties, specOf } from './guests.ts';
import { failure, PveError } from './pve-error.ts';
import type { TaskContext } from './tasks.ts';

// What copies or changes a container's disks: resize, clone, and conversion to a template.

const MISSING = 'property is missing and it is not optional';
const LXC = '/nodes/{node}/lxc/{vmid}';

export const diskHandlers: Handlers = {
  [`PUT ${LXC}/resize`]: (call) => {
    const disk = String(call.params.disk);
    const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
    checkLock(guest);
    if (guest.config[disk] === undefined) {
      throw new PveError(500, 'format error', { errors: { volume: MISSING, mp: MISSING } });
    }
    return run(call, 'resize', async (task) => resize(call, disk, task));
  },
  [`POST ${LXC}/clone`]: (call) => {
    const source = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
    checkLock(source);
    if (!flag(call.params, 'full') && call.params.full !== undefined && !source.config.template) {
      const { volume = '' } = properties(source.config.rootfs);
      throw failure(`Linked clone feature for '${volume}' is not available`);
    }
    const target = reserveClone(call, source);
    return run(call, 'vzclone', async (task) => clone(call, source, target, task));
  },
  [`POST ${LXC}/template`]: async (call) => {
    const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
    if ((await nodeOf(call).backend.status(guest.vmid)).running) {
      throw failure("you can't convert a CT to template if the CT is running");
    }
    run(call, 'vztemplate', async () => {
      guest.config.template = 1;
      call.sim.guests.save(guest);
    });
    return { data: null };
  },
};

function run(call: Call, type: string, body: (task: TaskContext) => Promise<void>): { data: string } {
  const id = String(vmidOf(call));
  const locked = (task: TaskContext): Promise<void> => call.sim.locks.hold(vmidOf(call), () => body(task));
  return { data: call.sim.tasks.start(nodeOf(call).name, type, id, call.identity.id, locked) };
}

async function resize(call: Call, disk: string, task: TaskContext): Promise<void> {
  const guest = call.sim.guests.must(nodeOf(call).name, vmidOf(call));
  const held = properties(guest.config[disk]);
  const volume = guest.volumes.find(({ volid }) => volid === held.volume);
  if (!volume || volume.format === 'subvol') throw failure("can't resize this image format");
  const wanted = String(call.params.size);
  const bytes = parseSize(wanted.replace('+', '')) + (wanted.startsWith('+') ? volume.sizeBytes : 0);
  if (bytes < volume.sizeBytes) throw failure('unable to shrink disk size');
  volume.sizeBytes = bytes;
  guest.config[disk] = String(guest.config[disk]).replace(/size=[^,]+/, `size=${printSize(bytes)}`);
  call.sim.guests.save(guest);
  task.log('Image resized.');
}

function reserveClone(call: Call, source: Guest): Guest {
  const vmid = Number(call.params.newid);
  const other = call.sim.guests.get(vmid);
  if (other) throw failure(`unable to create CT ${vmid}: config file already exists`);
  const guest: Guest = {
    ...source,
    vmid,
    config: { lock: 'create' },
    pending: {},
    snapshots: {},
    volumes: [],
    running: false,
  };
  delete guest.parent;
  call.sim.guests.save(guest);
  return guest;
}

async function clone(call: Call, source: Guest, target: Guest, task: TaskContext): Promise<void> {
  task.log(`creating a clone of container ${source.vmid} with ID ${target.vmid}`);
  const config = clonedConfig(call, source);
  for (const volume of source.volumes) {
    task.log(`create full clone of mountpoint rootfs (${volume.volid})`);
    const copy = call.sim.storages.allocate(volume.storage, target.vmid, volume.sizeBytes, target.volumes);
    target.volumes.push(copy);
    for (const [name, value] of Object.entries(config)) {
      if (typeof value === 'string') config[name] = value.replace(volume.volid, copy.volid);
    }
  }
  await nodeOf(call).backend.create(specOf({ ...target, config }), task.log);
  target.config = config;
  call.sim.guests.save(target);
}

function clonedConfig(call: Call, source: Guest): GuestConfig {
  const { template: _, description: __, ...config } = source.config;
  for (const [name, value] of Object.entries(config)) {
    if (!/^net\d+$/.test(name)) continue;
    config[name] = String(value).replace(/hwaddr=[^,]+/, `hwaddr=${randomMac(call.sim.random)}`);
  }
  config.hostname = text(call.params, 'hostname') ?? `CT${call.params.newid}`;
  const description = text(call.params, 'description');
  if (description !== undefined) config.description = `${description}\n`;
  return config;
}
