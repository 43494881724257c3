import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proxmoxConfigSchema } from '@berth/agents/proxmox/config.ts';
import { createProxmoxRole } from '@berth/agents/proxmox/role.ts';
import { createLogger } from '@berth/agents/shared/logger.ts';
import type { CommandContext, CommandOutcome, RoleModule } from '@berth/agents/shared/role.ts';
import { CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { GuestReport } from '@berth/proto/agent/v1/session_pb.js';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { runCommand } from '../lab/net/command.ts';
import { createPveCluster, type PveCluster, type PveClusterOptions } from '../lab/pve/cluster.ts';
import { MemoryBackend, type MemoryBackendOptions } from '../lab/pve/memory-backend.ts';

/** The token the role uses, with the privileges an agent needs and no more. */
export const TOKEN = { id: 'berth@pve!agent', secret: '7d0cbb6e-45e5-4cd8-a7ac-2f5b6b6f0000' };
/** A token without any right. */
export const POOR_TOKEN = { id: 'berth@pve!poor', secret: '7d0cbb6e-45e5-4cd8-a7ac-2f5b6b6f0001' };
/** An administrator's token, for what somebody else does on the cluster. */
const OTHER_TOKEN = { id: 'root@pam!hand', secret: '7d0cbb6e-45e5-4cd8-a7ac-2f5b6b6f0002' };

const PRIVILEGES = (
  'VM.Allocate VM.Audit VM.PowerMgmt VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network ' +
  'VM.Config.Options Datastore.AllocateSpace Datastore.Audit SDN.Use'
).split(' ');

const template = (file: string, extra: object = {}) => ({
  volid: `local:vztmpl/${file}`,
  content: 'vztmpl',
  format: 'tzst',
  size: 1_000_000,
  ctime: 1_795_000_000,
  ...extra,
});

/** A simulated cluster of two nodes behind one API, a role that was told of them, and what it has reported. */
export interface PveWorld {
  cluster: PveCluster;
  backends: Record<'pve1' | 'pve2', MemoryBackend>;
  role: RoleModule;
  reports: GuestReport[];
  /** A PveNode resource for this world, with changes. */
  node(name: string, change?: Record<string, string>): Resource;
  /** PEM of the authority, and the fingerprint of the API's certificate. */
  caPem: string;
  fingerprint: string;
  apply(...resources: Resource[]): ReturnType<RoleModule['apply']>;
  /** Gives the poor token privileges on a path. */
  grant(path: string, ...privileges: string[]): void;
  /** Somebody else's request to the same API; the `data` of the answer. */
  byHand(method: string, path: string, body?: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

/** Builds a world; `knobs` and `guests` steer the simulator. */
export async function createPveWorld(
  options: { tasks?: PveClusterOptions['tasks']; guests?: MemoryBackendOptions; lockTimeoutMs?: number } = {},
): Promise<PveWorld> {
  const backends = { pve1: new MemoryBackend(options.guests), pve2: new MemoryBackend(options.guests) };
  const poor: Record<string, string[]> = {};
  const cluster = await createPveCluster({
    nodes: [
      { name: 'pve1', backend: backends.pve1 },
      { name: 'pve2', backend: backends.pve2 },
    ],
    tokens: [
      { ...TOKEN, acl: { '/': PRIVILEGES } },
      { ...POOR_TOKEN, acl: poor },
      { ...OTHER_TOKEN, acl: { '/': [...PRIVILEGES, 'Sys.Audit', 'Sys.Modify'] } },
    ],
    content: [
      template('debian-12-standard_12.7-1_amd64.tar.zst'),
      template('debian-12-standard_12.12-1_amd64.tar.zst'),
      template('debian-15-standard_15.1-1_amd64.tar.zst', { warning: 'newer than the tested version' }),
      template('broken_1.0_amd64.tar.zst', { broken: ['gzip: stdin: not in gzip format'] }),
    ],
    authDelayMs: 10,
    ...(options.tasks && { tasks: options.tasks }),
  });
  const tls = await makeCertificates();
  const { port } = await cluster.listen({ host: '127.0.0.1', port: 0, tls });
  const apiUrl = `https://127.0.0.1:${port}`;
  const reports: GuestReport[] = [];
  const { lockTimeoutMs = 20_000 } = options;
  const role = createProxmoxRole(proxmoxConfigSchema.parse({ pollMs: 100, lockTimeoutMs }));
  await role.start({
    clock: systemClock,
    random: Math.random,
    log: createLogger('fatal'),
    stateDir: tmpdir(),
    requestApply: () => {},
    report: (report) => {
      if (report.case === 'guestReport') reports.push(report.value);
    },
  });
  const access = { apiUrl, tokenId: TOKEN.id, tokenSecret: TOKEN.secret, caPem: tls.ca, fingerprint: '' };
  let generation = 0n;
  return {
    cluster,
    backends,
    role,
    reports,
    caPem: tls.ca,
    fingerprint: new X509Certificate(tls.cert).fingerprint256,
    node: (name, change = {}) => makeResource(name, { case: 'pveNode', value: { node: name, ...access, ...change } }),
    apply: (...resources) => {
      generation += 1n;
      return role.apply({ generation, resources: new Map(resources.map((each) => [keyOf(each), each])) });
    },
    grant: (path, ...privileges) => {
      poor[path] = privileges;
    },
    byHand: (method, path, body) => request(cluster, method, path, body),
    close: async () => {
      await role.stop();
      await cluster.close({ destroyGuests: true });
    },
  };
}

async function request(cluster: PveCluster, method: string, path: string, body?: Record<string, unknown>) {
  const headers = { authorization: `PVEAPIToken=${OTHER_TOKEN.id}=${OTHER_TOKEN.secret}` };
  const answer = await cluster.handle({
    method,
    url: `/api2/json${path}`,
    headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
    body: Buffer.from(body ? JSON.stringify(body) : ''),
  });
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.statusText}`);
  return (JSON.parse(answer.body) as { data: unknown }).data;
}

/** An authority and a certificate of it for 127.0.0.1. */
export async function makeCertificates(): Promise<{ ca: string; cert: string; key: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-pve-tls-'));
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const run = (...args: string[]) => runCommand('openssl', [...make, ...args], { cwd: directory });
  try {
    await run('-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=cluster authority');
    const subject = ['-subj', '/CN=pve1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    await run('-CA', 'ca.pem', '-CAkey', 'ca.key', '-keyout', 'key.pem', '-out', 'cert.pem', ...subject);
    const read = (name: string) => readFile(join(directory, name), 'utf8');
    return { ca: await read('ca.pem'), cert: await read('cert.pem'), key: await read('key.pem') };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A command's context that keeps its notes in memory, as the journal keeps them on disk. */
export interface TestContext extends CommandContext {
  lines: string[];
  saved: Record<string, string>;
  abort(): void;
}

/** @param crashAt refuses to write notes that have this key, as a kill at that moment would */
export function testContext(saved: Record<string, string> = {}, crashAt?: string): TestContext {
  const stop = new AbortController();
  const lines: string[] = [];
  const context: TestContext = {
    signal: stop.signal,
    lines,
    saved,
    abort: () => stop.abort(),
    progress: (line) => lines.push(line),
    notes: {
      read: () => context.saved,
      write: async (notes) => {
        if (crashAt !== undefined && crashAt in notes) throw new Crash();
        context.saved = { ...notes };
      },
    },
  };
  return context;
}

/** The agent was killed here. */
export class Crash extends Error {}

type Task = NonNullable<MessageInitShape<typeof CommandSchema>['task']>;

/** Executes a command on the world's role. */
export function execute(world: PveWorld, task: Task, context: CommandContext = testContext()): Promise<CommandOutcome> {
  return world.role.execute(create(CommandSchema, { id: 'c', task }), context);
}
