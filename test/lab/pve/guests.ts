import { createHash } from 'node:crypto';
import type { GuestNet, GuestSpec } from './backend.ts';
import { failure } from './pve-error.ts';
import type { State } from './state.ts';

export type ConfigValue = string | number | [string, string][];

/** A container's configuration as the API shows it, without digest. */
export type GuestConfig = Record<string, ConfigValue>;

/** A disk volume of a container. */
export interface GuestVolume {
  volid: string;
  storage: string;
  format: 'raw' | 'subvol';
  sizeBytes: number;
  /** Seconds since the epoch. */
  ctime: number;
}

export interface GuestSnapshot {
  config: GuestConfig;
  snaptime: number;
  parent?: string;
}

/** A container of the cluster. `config.lock` is PVE's lock on it. */
export interface Guest {
  vmid: number;
  node: string;
  /** Volume id of its template. */
  template: string;
  config: GuestConfig;
  /** Changes that wait for the next start; null is a deletion. */
  pending: Record<string, ConfigValue | null>;
  snapshots: Record<string, GuestSnapshot>;
  parent?: string;
  volumes: GuestVolume[];
  /** Whether it was last told to run: what a restarted simulator brings back. */
  running: boolean;
}

/** All containers of the cluster: numbers are unique over its nodes. */
export class Guests {
  readonly #state: State;
  readonly #guests = new Map<number, Guest>();

  constructor(state: State) {
    this.#state = state;
    for (const guest of state.all('guests') as Guest[]) this.#guests.set(guest.vmid, guest);
  }

  get(vmid: number): Guest | undefined {
    return this.#guests.get(vmid);
  }

  /** The container on that node; 500 in PVE's words when its file is not there. */
  must(node: string, vmid: number): Guest {
    const guest = this.#guests.get(vmid);
    if (guest?.node !== node) throw failure(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);
    return guest;
  }

  all(): Guest[] {
    return [...this.#guests.values()].toSorted((a, b) => a.vmid - b.vmid);
  }

  /** Writes a container down, new or changed. */
  save(guest: Guest): void {
    this.#guests.set(guest.vmid, guest);
    this.#state.put('guests', String(guest.vmid), guest);
  }

  remove(vmid: number): void {
    this.#guests.delete(vmid);
    this.#state.remove('guests', String(vmid));
  }
}

/** The digest of what the configuration file holds: equal contents have equal digests. */
export function digestOf(guest: Guest): string {
  const sorted = (value: Record<string, unknown>): string =>
    JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const text = [guest.config, guest.pending, guest.snapshots].map(sorted).join('\n');
  return createHash('sha1').update(text).digest('hex');
}

/** The configuration with what is pending applied, as it will be after the next start. */
export function withPending(guest: Guest): GuestConfig {
  const config = { ...guest.config };
  for (const [key, value] of Object.entries(guest.pending)) {
    if (value === null) delete config[key];
    else config[key] = value;
  }
  return config;
}

/** Throws PVE's refusal when the container carries a lock. */
export function checkLock(guest: Guest): void {
  if (guest.config.lock !== undefined) throw failure(`CT is locked (${guest.config.lock})`);
}

/** A number of the configuration, or what PVE assumes without it. */
export function numberOf(config: GuestConfig, key: string, otherwise: number): number {
  const value = config[key];
  return typeof value === 'number' ? value : otherwise;
}

/** Bytes of a size such as `4G`; without unit the number is bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(match?.[2] ?? '');
  return Math.round(Number(match?.[1] ?? 0) * 1024 ** power);
}

/** A size as PVE prints it: the largest unit that divides it. */
export function printSize(bytes: number): string {
  for (const [power, unit] of [
    [4, 'T'],
    [3, 'G'],
    [2, 'M'],
    [1, 'K'],
  ] as const) {
    if (bytes % 1024 ** power === 0) return `${bytes / 1024 ** power}${unit}`;
  }
  return String(bytes);
}

/** The properties of a stored property string; the bare first value is under `volume`. */
export function properties(text: ConfigValue | undefined): Record<string, string> {
  const pairs = String(text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => (part.includes('=') ? part.split(/=(.*)/s, 2) : ['volume', part]));
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
}

/** What the backend is told of a container. */
export function specOf(guest: Guest): GuestSpec {
  const { config } = guest;
  const nets = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .toSorted();
  const env = String(config.env ?? '')
    .split('\0')
    .filter((pair) => pair.includes('='));
  return {
    vmid: guest.vmid,
    node: guest.node,
    hostname: String(config.hostname ?? `CT${guest.vmid}`),
    template: guest.template,
    cores: numberOf(config, 'cores', 1),
    memoryMb: numberOf(config, 'memory', 512),
    diskGb: parseSize(properties(config.rootfs).size ?? '0') / 1024 ** 3,
    nets: nets.map((key) => netOf(properties(config[key]))),
    env: Object.fromEntries(env.map((pair) => pair.split(/=(.*)/s, 2) as [string, string])),
    ...(config.entrypoint === undefined ? {} : { entrypoint: String(config.entrypoint) }),
  };
}

function netOf(net: Record<string, string>): GuestNet {
  const { name = '', bridge = '', hwaddr = '', ip = 'manual', gw } = net;
  return { name, bridge, hwaddr, ip, ...(gw === undefined ? {} : { gateway: gw }) };
}
