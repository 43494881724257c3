import type { Clock } from '@berth/proto/contract/clock.ts';
import { Access, type Identity, type TokenOptions, type UserOptions } from './access.ts';
import { accessHandlers } from './access-api.ts';
import type { GuestBackend } from './backend.ts';
import type { Handlers, Reply, Sim, SimNode } from './call.ts';
import { sleep, wallClock } from './clock.ts';
import { Guests, specOf } from './guests.ts';
import { ConfigLocks } from './locks.ts';
import { configHandlers } from './lxc-config.ts';
import { createHandlers } from './lxc-create.ts';
import { deleteHandlers } from './lxc-delete.ts';
import { diskHandlers } from './lxc-disk.ts';
import { powerHandlers } from './lxc-power.ts';
import { readHandlers } from './lxc-read.ts';
import { snapshotHandlers } from './lxc-snapshot.ts';
import { nodeHandlers } from './node-api.ts';
import { ociHandlers } from './oci.ts';
import { Permissions } from './permissions.ts';
import { poolHandlers } from './pool-api.ts';
import { Pools } from './pools.ts';
import { messageOf, PveError } from './pve-error.ts';
import { parseParams, parseTarget, type SimRequest, type Target } from './request.ts';
import { errorResponse, replyResponse, type SimResponse } from './response.ts';
import { findMethod } from './schema.ts';
import { type Listener, listenHttps } from './server.ts';
import { noState, type State } from './state.ts';
import { type ContentItem, type StorageOptions, Storages } from './storage.ts';
import { storageHandlers } from './storage-api.ts';
import { taskHandlers } from './task-api.ts';
import { type TaskKnobs, Tasks } from './tasks.ts';
import { validate } from './validate.ts';

// The PVE simulator: one cluster of nodes that answers the REST API as recorded from a real node (test/lab/pve/
// contract.test.ts holds it to that). A request goes through the same gates in the same order as there: protocol,
// identity, method, permission, node, parameters, handler. What a handler starts runs on as a task under the
// container's configuration lock; the guests themselves live in a backend. Everything a real node keeps on disk is
// kept in the state, so a killed simulator comes back knowing its guests and with its broken tasks marked as such.

export interface NodeOptions {
  name: string;
  backend: GuestBackend;
  /** `vmbr0` when not given. */
  bridges?: readonly string[];
  maxcpu?: number;
  /** Bytes. */
  maxmem?: number;
  maxdisk?: number;
  fingerprint?: string;
}

export interface PveClusterOptions {
  nodes: readonly NodeOptions[];
  tokens?: readonly TokenOptions[];
  users?: readonly UserOptions[];
  storages?: readonly StorageOptions[];
  /** Files in the storages; templates above all. */
  content?: readonly ContentItem[];
  registries?: Sim['registries'];
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
  /** Milliseconds before a refused identity is answered; 3000 on a real node and by default. */
  authDelayMs?: number;
  tasks?: TaskKnobs;
  state?: State;
}

export interface PveCluster {
  /** Answers one request in process. */
  handle(request: SimRequest): Promise<SimResponse>;
  /** Serves the cluster over HTTPS; port 0 takes a free one. */
  listen(options: { host: string; port: number; tls: { cert: string; key: string } }): Promise<Listener>;
  /** Takes a node off the network or brings it back: the others answer 595 for it. */
  setOffline(node: string, offline: boolean): void;
  /** Clears a container's lock, as `pct unlock` on the host does. */
  unlock(vmid: number): void;
  /** Resolves when no task runs. */
  settled(): Promise<void>;
  /** Stops serving; with `destroyGuests` nothing of the guests is left. */
  close(options?: { destroyGuests?: boolean }): Promise<void>;
}

const GIB = 1024 ** 3;
const AUTH_DELAY_MS = 3000;

export const DEFAULT_STORAGES: readonly StorageOptions[] = [
  { id: 'local', type: 'dir', content: ['vztmpl', 'iso', 'backup', 'rootdir', 'images'] },
  { id: 'local-lvm', type: 'lvmthin', content: ['rootdir', 'images'] },
];

const HANDLERS: Handlers = {
  ...accessHandlers,
  ...configHandlers,
  ...createHandlers,
  ...deleteHandlers,
  ...diskHandlers,
  ...nodeHandlers,
  ...ociHandlers,
  ...poolHandlers,
  ...powerHandlers,
  ...readHandlers,
  ...snapshotHandlers,
  ...storageHandlers,
  ...taskHandlers,
};

/** Every method that has a handler; equals the schema table's keys. */
export const HANDLED: readonly string[] = Object.keys(HANDLERS);

/** Builds a cluster; with a state that holds guests they are recovered before it resolves. */
export async function createPveCluster(options: PveClusterOptions): Promise<PveCluster> {
  const sim = buildSim(options);
  for (const node of sim.nodes.values()) {
    const mine = sim.guests.all().filter((guest) => guest.node === node.name);
    await node.backend.recover(mine.map((guest) => ({ spec: specOf(guest), running: guest.running })));
  }
  const listeners: Listener[] = [];
  const delay = options.authDelayMs ?? AUTH_DELAY_MS;
  const cluster: PveCluster = {
    handle: (request) => handle(sim, request, delay),
    listen: async (where) => {
      const listener = await listenHttps(cluster.handle, where);
      listeners.push(listener);
      return listener;
    },
    setOffline: (name, offline) => {
      const node = sim.nodes.get(name);
      if (node) node.offline = offline;
    },
    unlock: (vmid) => {
      const guest = sim.guests.get(vmid);
      if (!guest) return;
      delete guest.config.lock;
      sim.guests.save(guest);
    },
    settled: () => sim.tasks.settled(),
    close: async ({ destroyGuests = false } = {}) => {
      await Promise.all(listeners.map((listener) => listener.close()));
      await sim.tasks.settled();
      await Promise.all([...sim.nodes.values()].map((node) => node.backend.close({ destroy: destroyGuests })));
    },
  };
  return cluster;
}

function buildSim(options: PveClusterOptions): Sim {
  const clock = options.clock ?? wallClock;
  const state = options.state ?? noState;
  const random = options.random ?? Math.random;
  const guests = new Guests(state);
  const pools = new Pools(state);
  return {
    clock,
    random,
    bootedAt: clock.now() - 3_600_000,
    access: new Access(options.tokens ?? [], options.users ?? [], clock, String(random())),
    permissions: new Permissions((vmid) => pools.poolOf(vmid)),
    nodes: new Map(options.nodes.map((node) => [node.name, simNode(node)])),
    guests,
    locks: new ConfigLocks(clock),
    tasks: new Tasks(clock, state, options.tasks ?? {}),
    storages: new Storages(options.storages ?? DEFAULT_STORAGES, options.content ?? [], { state, guests, clock }),
    pools,
    registries: options.registries ?? new Map(),
  };
}

function simNode(node: NodeOptions): SimNode {
  const { name, backend, bridges = ['vmbr0'], maxcpu = 8, maxmem = 32 * GIB, maxdisk = 256 * GIB } = node;
  const fingerprint = node.fingerprint ?? Array.from({ length: 32 }, () => '00').join(':');
  return { name, backend, bridges, maxcpu, maxmem, maxdisk, fingerprint, offline: false };
}

async function handle(sim: Sim, request: SimRequest, authDelayMs: number): Promise<SimResponse> {
  let target: Target | undefined;
  try {
    target = parseTarget(request);
    return replyResponse(target.format, await answer(sim, request, target));
  } catch (error) {
    const refusal = error instanceof PveError ? error : new PveError(500, messageOf(error));
    if (refusal.delayed) await sleep(sim.clock, authDelayMs);
    return errorResponse(target?.format ?? 'json', refusal);
  }
}

const ANYBODY: Identity = { id: '', user: '', acl: {} };
const ROOT = ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'];

async function answer(sim: Sim, request: SimRequest, target: Target): Promise<Reply> {
  const found = findMethod(request.method, target.path);
  const world = found?.schema.permissions?.user === 'world';
  const { authorization, cookie, csrfpreventiontoken: csrf } = request.headers;
  const identity = world ? ANYBODY : sim.access.identify({ authorization, cookie, csrf, method: request.method });
  const { raw, file } = parseParams(request, target.query);
  if (target.path === '/' && request.method === 'GET') return { data: ROOT.map((subdir) => ({ subdir })) };
  const handler = found && HANDLERS[found.key];
  if (!handler) throw new PveError(501, `Method '${request.method} ${target.path}' not implemented`);
  const values = { ...raw, ...found.captured };
  sim.permissions.check(identity, found.schema.permissions, values);
  if (found.captured.node !== undefined) requireNode(sim, found.captured.node);
  return handler({ sim, identity, params: validate(found.schema.parameters, values), file });
}

function requireNode(sim: Sim, name: string): void {
  const node = sim.nodes.get(name);
  if (!node) {
    const resolver = 'Temporary failure in name resolution';
    throw new PveError(500, `hostname lookup '${name}' failed - failed to get address info for: ${name}: ${resolver}`);
  }
  if (node.offline) throw new PveError(595, 'No route to host', { body: 'empty' });
}
