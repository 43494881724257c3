import type { Call, SimNode } from './call.ts';
import { splitList } from './formats.ts';
import type { ConfigValue, Guest } from './guests.ts';
import { printSize, properties } from './guests.ts';
import { parsePropertyString, printPropertyString } from './property-string.ts';
import { failure, forbidden } from './pve-error.ts';
import { propertyFormat } from './schema.ts';
import type { Params } from './validate.ts';

// How a configuration value is brought into the form PVE stores, and who may set it. Create and update share it.

const CREATE = 'POST /nodes/{node}/lxc';
const NET = propertyFormat(CREATE, 'net[n]');
const ROOTFS = propertyFormat(CREATE, 'rootfs');
const MOUNT = propertyFormat(CREATE, 'mp[n]');

/** Parameters that are part of a request and not of the configuration. */
const NOT_CONFIG = new Set(
  (
    'node vmid ostemplate storage start password ssh-public-keys pool force restore unique bwlimit ha-managed ' +
    'ignore-unpack-errors delete revert digest'
  ).split(' '),
);

const PRIVILEGES: readonly [RegExp, string][] = [
  [/^(?:rootfs|mp\d+|unused\d+)$/, 'VM.Config.Disk'],
  [/^(?:cores|cpulimit|cpuunits)$/, 'VM.Config.CPU'],
  [/^(?:memory|swap)$/, 'VM.Config.Memory'],
  [/^(?:net\d+|nameserver|searchdomain|hostname)$/, 'VM.Config.Network'],
];

/** Names of the configuration options in a request. */
export function configNames(params: Params): string[] {
  return Object.keys(params).filter((name) => !NOT_CONFIG.has(name));
}

/** Throws 403 unless the caller may set these options on this container. */
export function requireConfigPrivileges(call: Call, vmid: number, names: readonly string[]): void {
  for (const name of names) {
    const privilege = PRIVILEGES.find(([pattern]) => pattern.test(name))?.[1] ?? 'VM.Config.Options';
    if (name === 'hookscript') throw forbidden('changing the hookscript is only allowed for root@pam');
    if (name === 'features') requireFeatures(call);
    call.sim.permissions.require(call.identity, `/vms/${vmid}`, privilege);
    if (/^net\d+$/.test(name)) requireBridge(call, String(call.params[name] ?? ''));
  }
}

function requireFeatures(call: Call): void {
  const features = Object.keys(properties(String(call.params.features ?? '')));
  if (features.some((feature) => feature !== 'nesting')) {
    throw forbidden('changing feature flags (except nesting) is only allowed for root@pam');
  }
  if (call.params.unprivileged === 0) call.sim.permissions.require(call.identity, '/', 'Sys.Modify');
}

function requireBridge(call: Call, net: string): void {
  const { bridge } = properties(net);
  if (bridge) call.sim.permissions.require(call.identity, `/sdn/zones/localnetwork/${bridge}`, 'SDN.Use');
}

/** A unicast MAC address under Proxmox's prefix. */
export function randomMac(random: () => number): string {
  const byte = (): string =>
    Math.floor(random() * 256)
      .toString(16)
      .toUpperCase()
      .padStart(2, '0');
  return `BC:24:11:${byte()}:${byte()}:${byte()}`;
}

/** Brings one option into its stored form; disks are handled by `allocateDisk`. */
export function normalise(call: Call, name: string, value: string | number): ConfigValue {
  if (name === 'tags') return normaliseTags(String(value));
  if (name === 'description') return String(value).endsWith('\n') ? value : `${value}\n`;
  if (/^net\d+$/.test(name)) return normaliseNet(call, String(value));
  return value;
}

function normaliseTags(value: string): string {
  return [...new Set(splitList(value.toLowerCase()))].toSorted().join(';');
}

function normaliseNet(call: Call, value: string): string {
  const parsed = parsePropertyString(NET, value);
  if (!('ok' in parsed)) throw failure(parsed.text);
  const net = parsed.ok;
  net.hwaddr = net.hwaddr?.toUpperCase() ?? randomMac(call.sim.random);
  net.type ??= 'veth';
  return printPropertyString(NET, net);
}

/** Turns `store:GiB` into a fresh volume of the container; a volume that exists already is kept as it is. */
export function allocateDisk(call: Call, guest: Guest, name: string, value: string): string {
  const format = name === 'rootfs' ? ROOTFS : MOUNT;
  const parsed = parsePropertyString(format, value);
  if (!('ok' in parsed)) throw failure(parsed.text);
  const wanted = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(parsed.ok.volume ?? '');
  if (!wanted) return printPropertyString(format, parsed.ok);
  const bytes = Math.round(Number(wanted[2]) * 1024 ** 3);
  const volume = call.sim.storages.allocate(wanted[1] ?? '', guest.vmid, bytes, guest.volumes);
  guest.volumes.push(volume);
  return printPropertyString(format, { ...parsed.ok, volume: volume.volid, size: printSize(volume.sizeBytes) });
}

/** Throws when a container's configuration names a bridge that its node does not have. */
export function requireBridges(node: SimNode, guest: Guest): void {
  for (const [name, value] of Object.entries(guest.config)) {
    if (!/^net\d+$/.test(name)) continue;
    const { bridge } = properties(value);
    if (bridge && !node.bridges.includes(bridge)) throw failure(`bridge '${bridge}' does not exist`);
  }
}
