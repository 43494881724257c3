import { type Call, flag, type Handlers, nodeOf, number, text, vmidOf } from './call.ts';
import { sleep } from './clock.ts';
import { allocateDisk, configNames, normalise, requireConfigPrivileges } from './config-rules.ts';
import { type Guest, type GuestConfig, specOf } from './guests.ts';
import { startGuest } from './lxc-power.ts';
import { failure, forbidden, messageOf } from './pve-error.ts';
import { type ContentItem, pathOf } from './storage.ts';
import type { TaskContext } from './tasks.ts';

// Creating a container. What can be refused at once is; then the configuration holds nothing but the lock `create`
// until the task ends, which is why a client that was killed meanwhile cannot recognise its container by tags.

const DEFAULT_DISK_GIB = 4;
const KEY_LINE = /^(?:#.*|\s*|(?:[^\s]+\s+)?(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]+.*)$/;

export const createHandlers: Handlers = {
  'POST /nodes/{node}/lxc': async (call) => {
    const vmid = vmidOf(call);
    requireCreate(call, vmid);
    requireUnused(call, vmid, '');
    checkRequest(call, vmid);
    // A real node forks here: whoever comes in meanwhile passes the first check and fails at the second.
    await sleep(call.sim.clock, 0);
    requireUnused(call, vmid, `unable to create CT ${vmid} - `);
    const guest = reserve(call, vmid);
    const id = String(vmid);
    const upid = call.sim.tasks.start(guest.node, 'vzcreate', id, call.identity.id, (task) =>
      create(call, guest, task),
    );
    return { data: upid };
  },
};

function requireCreate(call: Call, vmid: number): void {
  const { permissions } = call.sim;
  const pool = text(call.params, 'pool');
  const allowed =
    permissions.has(call.identity, `/vms/${vmid}`, 'VM.Allocate') ||
    (pool !== undefined && permissions.has(call.identity, `/pool/${pool}`, 'VM.Allocate'));
  if (!allowed) throw forbidden();
}

function requireUnused(call: Call, vmid: number, prefix: string): void {
  const other = call.sim.guests.get(vmid);
  if (other) throw failure(`${prefix}CT ${vmid} already exists on node '${other.node}'`);
}

function checkRequest(call: Call, vmid: number): void {
  const keys = text(call.params, 'ssh-public-keys');
  if (keys !== undefined && !keys.split('\n').every((line) => KEY_LINE.test(line))) {
    throw failure('SSH public key validation error');
  }
  const pool = text(call.params, 'pool');
  if (pool !== undefined) call.sim.pools.must(pool);
  requireConfigPrivileges(call, vmid, configNames(call.params));
  requireTemplateStorage(call);
  for (const storage of diskStorages(call)) {
    call.sim.storages.must(storage);
    call.sim.permissions.require(call.identity, `/storage/${storage}`, 'Datastore.AllocateSpace');
  }
}

function requireTemplateStorage(call: Call): void {
  const [storage, file] = String(call.params.ostemplate).split(/:(.*)/s);
  if (file === undefined) {
    throw failure('Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.');
  }
  call.sim.storages.must(storage ?? '');
}

function diskStorages(call: Call): string[] {
  const disks = Object.entries(call.params).filter(([name]) => name === 'rootfs' || /^mp\d+$/.test(name));
  const named = disks.map(([, value]) => /^(?:volume=)?([^:,]+):/.exec(String(value))?.[1] ?? '');
  return disks.some(([name]) => name === 'rootfs') ? named : [...named, defaultStorage(call)];
}

function defaultStorage(call: Call): string {
  return text(call.params, 'storage') ?? 'local';
}

function reserve(call: Call, vmid: number): Guest {
  const guest: Guest = {
    vmid,
    node: nodeOf(call).name,
    template: String(call.params.ostemplate),
    config: { lock: 'create' },
    pending: {},
    snapshots: {},
    volumes: [],
    running: false,
  };
  call.sim.guests.save(guest);
  const pool = text(call.params, 'pool');
  if (pool !== undefined) call.sim.pools.update(pool, { vms: [vmid], remove: false });
  return guest;
}

async function create(call: Call, guest: Guest, task: TaskContext): Promise<void> {
  const { sim } = call;
  const { backend } = nodeOf(call);
  await sim.locks.hold(guest.vmid, async () => {
    try {
      const config = await build(call, guest, task);
      guest.config = config;
      sim.guests.save(guest);
    } catch (error) {
      await backend.destroy(guest.vmid);
      sim.guests.remove(guest.vmid);
      sim.pools.forget(guest.vmid);
      throw new Error(`unable to create CT ${guest.vmid} - ${messageOf(error)}`);
    }
  });
  if (!flag(call.params, 'start')) return;
  sim.tasks.start(guest.node, 'vzstart', String(guest.vmid), call.identity.id, async () =>
    startGuest(sim, guest.node, guest.vmid),
  );
}

async function build(call: Call, guest: Guest, task: TaskContext): Promise<GuestConfig> {
  const template = call.sim.storages.file(guest.template);
  if (!template) throw new Error(`volume '${guest.template}' does not exist`);
  const config = initialConfig(call, guest, template);
  await unpack(call, guest, template, task);
  await nodeOf(call).backend.create(specOf({ ...guest, config }), task.log);
  if (task.signal.aborted) throw new Error(`${unpackCommand(call, guest, template)} failed: received interrupt`);
  return config;
}

async function unpack(call: Call, guest: Guest, template: ContentItem, task: TaskContext): Promise<void> {
  task.log(`extracting archive '${pathOf(template.volid)}'`);
  await sleep(call.sim.clock, call.sim.tasks.delayOf('vzcreate', String(guest.vmid)), task.signal);
  if (task.signal.aborted) throw new Error(`${unpackCommand(call, guest, template)} failed: received interrupt`);
  for (const line of template.broken ?? []) task.log(line);
  if (template.broken) throw new Error(`${unpackCommand(call, guest, template)} failed: exit code 2`);
  task.log(`Total bytes read: ${template.size} (${(template.size / 1024 ** 2).toFixed(1)}MiB, 264MiB/s)`);
  if (template.warning !== undefined) task.warn(template.warning);
}

const UNPACK_FLAGS: Record<string, string> = { tzst: '--zstd', tgz: '-z', txz: '-J' };

function unpackCommand(call: Call, guest: Guest, template: ContentItem): string {
  const limit = number(call.params, 'bwlimit');
  const throttle = limit === undefined ? '' : `set -o pipefail && cstream -t ${limit * 1024} | `;
  const unpacking = UNPACK_FLAGS[template.format];
  return (
    `command '${throttle}lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - ` +
    `${unpacking === undefined ? '' : `${unpacking} `}--totals --one-file-system -p --sparse --numeric-owner --acls ` +
    `--xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability' '--warning=no-file-ignored' ` +
    `'--warning=no-xattr-write' -C /var/lib/lxc/${guest.vmid}/rootfs --skip-old-files --anchored --exclude './dev/*''`
  );
}

function initialConfig(call: Call, guest: Guest, template: ContentItem): GuestConfig {
  const config: GuestConfig = {
    arch: 'amd64',
    hostname: `CT${guest.vmid}`,
    memory: 512,
    ostype: template.oci ? 'unmanaged' : ostypeOf(template.volid),
    swap: 512,
    unprivileged: 1,
    rootfs: `${defaultStorage(call)}:${DEFAULT_DISK_GIB}`,
  };
  for (const name of configNames(call.params)) {
    const value = call.params[name];
    if (value !== null && value !== undefined) config[name] = normalise(call, name, value);
  }
  for (const [name, value] of Object.entries(config)) {
    if (name === 'rootfs' || /^mp\d+$/.test(name)) config[name] = allocateDisk(call, guest, name, String(value));
  }
  return template.oci ? { ...config, ...fromImage(template.oci) } : config;
}

// Whatever the request said of these, the image's word is the one that is stored.
function fromImage(image: NonNullable<ContentItem['oci']>): GuestConfig {
  return {
    cmode: 'console',
    entrypoint: image.entrypoint,
    env: image.env,
    lxc: [
      ['lxc.init.cwd', image.workdir],
      ['lxc.signal.halt', 'SIGTERM'],
    ],
  };
}

const OSTYPES = [
  'debian',
  'devuan',
  'ubuntu',
  'centos',
  'fedora',
  'opensuse',
  'archlinux',
  'alpine',
  'gentoo',
  'nixos',
];

function ostypeOf(volid: string): string {
  return OSTYPES.find((ostype) => volid.includes(`/${ostype}-`)) ?? 'unmanaged';
}
