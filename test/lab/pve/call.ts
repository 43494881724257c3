import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Access, Identity } from './access.ts';
import type { GuestBackend } from './backend.ts';
import type { Guests } from './guests.ts';
import type { ConfigLocks } from './locks.ts';
import type { UploadedFile } from './multipart.ts';
import type { Registries } from './oci.ts';
import type { Permissions } from './permissions.ts';
import type { Pools } from './pools.ts';
import type { Storages } from './storage.ts';
import type { Tasks } from './tasks.ts';
import type { Params } from './validate.ts';

/** A node of the cluster as its API shows it. */
export interface SimNode {
  name: string;
  backend: GuestBackend;
  bridges: readonly string[];
  maxcpu: number;
  /** Bytes. */
  maxmem: number;
  maxdisk: number;
  /** SHA-256 of the certificate, as `GET /nodes` shows it. */
  fingerprint: string;
  offline: boolean;
}

/** Everything a handler works on. */
export interface Sim {
  clock: Clock;
  random: () => number;
  bootedAt: number;
  access: Access;
  permissions: Permissions;
  nodes: Map<string, SimNode>;
  guests: Guests;
  locks: ConfigLocks;
  tasks: Tasks;
  storages: Storages;
  pools: Pools;
  registries: Registries;
}

/** One validated, authorised call. */
export interface Call {
  sim: Sim;
  identity: Identity;
  params: Params;
  file: UploadedFile | undefined;
}

/** What goes under `data`, and `total` beside it where PVE gives one. */
export interface Reply {
  data: unknown;
  total?: number;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;
export type Handlers = Record<string, Handler>;

/** A text parameter, undefined when it was not sent. */
export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  return value === undefined || value === null ? undefined : String(value);
}

/** A numeric parameter, undefined when it was not sent. */
export function number(params: Params, name: string): number | undefined {
  const value = params[name];
  return typeof value === 'number' ? value : undefined;
}

/** A boolean parameter, false when it was not sent. */
export function flag(params: Params, name: string): boolean {
  return params[name] === 1;
}

/** The node a path names: the router has made sure that it exists. */
export function nodeOf(call: Call): SimNode {
  const node = call.sim.nodes.get(String(call.params.node));
  if (!node) throw new Error(`no node ${call.params.node}`);
  return node;
}

/** The container number a path names. */
export function vmidOf(call: Call): number {
  return Number(call.params.vmid);
}
