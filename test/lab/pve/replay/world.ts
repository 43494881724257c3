import type { Clock } from '@berth/proto/contract/clock.ts';
import { wallClock } from '../clock.ts';
import { createPveCluster, type PveCluster } from '../cluster.ts';
import { MemoryBackend } from '../memory-backend.ts';
import type { ContentItem, OciImage } from '../storage.ts';

// The node the recordings were made on: its storages, templates, registry, users and the guests that behave badly.

export const PASSWORD = '<password>';
export const SECRET = '00000000-0000-4000-8000-000000000000';

const AGENT = (
  'VM.Config.Memory SDN.Use Sys.Audit VM.Config.Network VM.Allocate VM.Config.Options Datastore.Audit ' +
  'Datastore.AllocateTemplate VM.Config.CPU VM.Audit VM.Config.Disk Sys.AccessNetwork Datastore.AllocateSpace ' +
  'VM.PowerMgmt'
).split(' ');
const ADMINISTRATOR = (
  'SDN.Audit SDN.Allocate SDN.Use Permissions.Modify Mapping.Modify Mapping.Audit Mapping.Use Sys.Syslog ' +
  'Sys.AccessNetwork Sys.Console Sys.PowerMgmt Sys.Modify Sys.Audit Sys.Incoming VM.Config.CPU VM.Backup VM.Audit ' +
  'VM.Config.Memory VM.GuestAgent.Audit VM.Migrate VM.Config.Network VM.GuestAgent.FileRead VM.Config.Options ' +
  'VM.Config.Disk VM.Config.CDROM VM.Console VM.Allocate VM.Config.Cloudinit VM.PowerMgmt VM.Snapshot.Rollback ' +
  'VM.Snapshot VM.GuestAgent.Unrestricted VM.Replicate VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite VM.Clone ' +
  'VM.Config.HWType User.Modify Group.Allocate Datastore.Audit Datastore.Allocate Datastore.AllocateSpace ' +
  'Datastore.AllocateTemplate Pool.Allocate Pool.Audit'
).split(' ');
const AUDITOR = ['VM.Audit', 'Datastore.Audit', 'Sys.Audit', 'SDN.Audit', 'Pool.Audit'];

const IMAGE: OciImage = {
  env: 'PATH=/bin:/sbin\0GREETING=hello world',
  entrypoint: '/bin/httpd -f -p 8080 -h /root',
  workdir: '/root',
};
const NEWER =
  "The container's Debian version '15' is newer than the tested version '14'. While everything may work fine, full " +
  'compatibility cannot be guaranteed. Please check for PVE system updates.';
const NO_GZIP = [
  '',
  'gzip: stdin: not in gzip format',
  'tar: Child returned status 1',
  'tar: Error is not recoverable: exiting now',
];

const template = (file: string, format: string, extra: Partial<ContentItem> = {}): ContentItem => ({
  volid: `local:vztmpl/${file}`,
  content: 'vztmpl',
  format,
  size: 1_079_301,
  ctime: 1_795_412_380,
  ...extra,
});

const DELAYS: Record<string, number> = {
  'ociregistrypull slow_1.tar': 60_000,
  'vzcreate 111': 4000,
  'vzcreate 112': 60_000,
  'vzstart 102': 200,
};

/** Waits pass twenty times faster than on the recorded node. */
const clock: Clock = {
  now: () => wallClock.now(),
  after: (ms, run) => wallClock.after(ms / 20, run),
};

/** A cluster like the recorded node, with nothing waited for that the recordings do not wait for. */
export async function recordedWorld(): Promise<PveCluster> {
  return createPveCluster({
    clock,
    nodes: [
      { name: 'pve1', backend: new MemoryBackend({ clock, ignoresShutdown: (vmid) => vmid === 105 }), maxcpu: 2 },
    ],
    tokens: [
      { id: 'agent@pve!ct', secret: SECRET, acl: { '/': AGENT } },
      { id: 'agent@pve!none', secret: SECRET, acl: {} },
      { id: 'low@pve!ro', secret: SECRET, acl: { '/': AUDITOR } },
      { id: 'admin@pve!full', secret: SECRET, acl: { '/': ADMINISTRATOR } },
    ],
    users: [{ id: 'admin@pve', password: PASSWORD, acl: { '/': ADMINISTRATOR } }],
    storages: [
      { id: 'local', type: 'dir', content: ['vztmpl', 'images', 'backup', 'iso', 'rootdir'] },
      { id: 'btr', type: 'btrfs', content: ['images', 'rootdir'], total: 2_147_483_648 },
      { id: 'isos', type: 'dir', content: ['iso'] },
      { id: 'olddata', type: 'dir', content: ['rootdir'], disabled: true },
    ],
    content: [
      template('alpine-3.20-default_20240908_amd64.tar.zst', 'tzst'),
      template('broken_1.0_amd64.tar.gz', 'tgz', { broken: NO_GZIP }),
      template('busybox_1.35_amd64.tar.zst', 'tzst'),
      template('debian-15-standard_15.1-1_amd64.tar.zst', 'tzst', { warning: NEWER }),
    ],
    registries: new Map([
      ['localhost:5000/bb', { tags: ['1'], image: IMAGE }],
      ['localhost:5000/tools/bb', { tags: ['1', '2', 'latest'], image: IMAGE }],
      ['localhost:5000/slow', { tags: ['1'], image: IMAGE }],
    ]),
    authDelayMs: 0,
    tasks: { delayMs: (type, id) => DELAYS[`${type} ${id}`] ?? 0 },
  });
}
