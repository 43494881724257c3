/**
 * A lab on loopback alone, for machines without root or LXC: the control plane, the three agents and the real nginx
 * and dnsmasq as they are, on high ports; guests in memory; no DHCP on a wire.
 */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentRole } from '@berth/proto/api/v1/agents_pb.js';
import type { Site } from '@berth/proto/api/v1/sites_pb.js';
import { freePort } from '../support/free-port.ts';
import { selfSigned } from './certificate.ts';
import { type LocalReplica, type ReplicaApi, startReplicas } from './local-replicas.ts';
import { loopbackGuests } from './loopback-guests.ts';
import { type LoopbackNetwork, takeLoopbackNetwork } from './loopback-network.ts';
import { Program } from './program.ts';
import { createPveCluster, type PveCluster } from './pve/cluster.ts';
import { addNode, agentsSettled, joinToken, LEAST_PRIVILEGES, makeSite } from './site-setup.ts';

export interface LocalLabOptions {
  /** Name of the site, "local" by default. */
  siteName?: string;
  domain?: string;
  databaseUrl?: string;
  nodes?: readonly string[];
  /** What serves a guest's page, instead of a greeting. */
  guestPage?: (hostname: string) => Server;
  ports?: { api?: number; pages?: number };
  /** Ports of the pages and of TCP inside guests, 8080 and 2222 by default. */
  guestPorts?: { http: number; tcp: number } | undefined;
  /**
   * Control planes on one database, which must be named then; 1 by default. The nginx agent joins at the last, the others
   * at the first, and each turns to another when its own is away.
   */
  replicas?: number;
  /** The programs, instead of those of the repository: a file, and what Node is given for an agent. */
  programs?: { controlPlane: string; agent: readonly string[]; agentEnv?: Record<string, string> };
  onProgress?: (line: string) => void;
}

export interface LocalLab {
  readonly site: Site;
  /** The first replica's. */
  readonly api: ReplicaApi;
  readonly controlPlane: Program;
  readonly replicas: readonly LocalReplica[];
  readonly agents: Readonly<Record<'dns' | 'web' | 'pve', Program>>;
  readonly directory: string;
  /** Ports of its nginx and dnsmasq on loopback, and of the pages inside its guests. */
  readonly ports: { http: number; https: number; dns: number; guestHttp: number; guestTcp: number };
  destroy(): Promise<void>;
}

const TOKEN_ID = 'berth@pve!agent';
const TEMPLATE = 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst';
const AGENT = join(import.meta.dirname, '../../agents/berth-agent.ts');

/** Builds a lab on loopback. @throws with what did not start; nothing is left then. */
export async function createLocalLab(options: LocalLabOptions = {}): Promise<LocalLab> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-lab-'));
  // As on a host: nginx's workers, who are not root, pass through to what is theirs.
  await chmod(directory, 0o711);
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const destroy = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await assemble(directory, undo, options)), destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}

async function assemble(
  directory: string,
  undo: (() => Promise<unknown>)[],
  options: LocalLabOptions,
): Promise<Omit<LocalLab, 'destroy'>> {
  for (const part of ['cp', 'dns', 'web', 'pve']) await mkdir(join(directory, part), { recursive: true });
  const ports = {
    http: await freePort(),
    https: await freePort(),
    dns: await freePort(),
    guestHttp: options.guestPorts?.http ?? 8080,
    guestTcp: options.guestPorts?.tcp ?? 2222,
  };
  // Labs side by side share the loopback, so each takes a network and a stretch of ports of its own.
  const network = await takeLoopbackNetwork();
  undo.push(async () => network.release());
  const secret = randomUUID();
  const nodes = options.nodes ?? ['pve1', 'pve2'];
  const pve = await startPve(directory, { nodes, secret, ports, page: options.guestPage });
  undo.push(() => pve.cluster.close({ destroyGuests: true }));
  const replicas = await startReplicas(
    directory,
    { ...options, ...(options.programs && { controlPlane: options.programs.controlPlane }), appsPort: ports.https },
    undo,
  );
  const { api, program: controlPlane } = replicas[0];
  const site = await makeSite(
    api.transport,
    localSite(options.siteName ?? 'local', options.domain ?? 'apps.localhost', network),
  );
  for (const name of nodes) {
    await addNode(api.transport, {
      site: site.id,
      name,
      apiUrl: pve.url,
      tokenId: TOKEN_ID,
      tokenSecret: secret,
      caPem: pve.pem,
    });
  }
  undo.push(() => endDaemons(directory));
  const agents = await joinAll({ directory, replicas, site, ports, programs: options.programs });
  for (const agent of Object.values(agents)) undo.push(() => agent.stop());
  await agentsSettled(api.transport, 3);
  return { site, api, controlPlane, replicas, agents, directory, ports };
}

function localSite(name: string, domain: string, { prefix, firstPort }: LoopbackNetwork) {
  return {
    name,
    internalDomain: `${name}.internal`,
    network: `${prefix}.0.0/16`,
    rangeStart: `${prefix}.1.1`,
    rangeEnd: `${prefix}.255.250`,
    gateway: `${prefix}.0.1`,
    externalDomains: [domain],
    externalAddress: 'localhost',
    portRangeStart: firstPort,
    portRangeEnd: firstPort + 99,
  };
}

async function startPve(
  directory: string,
  setup: {
    nodes: readonly string[];
    secret: string;
    ports: LocalLab['ports'];
    page: LocalLabOptions['guestPage'];
  },
): Promise<{ cluster: PveCluster; url: string; pem: string }> {
  const tls = await selfSigned(join(directory, 'pve', 'tls'), ['127.0.0.1', 'localhost']);
  const backend = () =>
    loopbackGuests({
      reservationFile: join(directory, 'dns', 'dnsmasq', 'current', 'reservations'),
      leaseFile: join(directory, 'dns', 'dnsmasq', 'leases'),
      httpPort: setup.ports.guestHttp,
      tcpPort: setup.ports.guestTcp,
      page: setup.page,
    });
  const cluster = await createPveCluster({
    nodes: setup.nodes.map((name) => ({ name, backend: backend() })),
    tokens: [{ id: TOKEN_ID, secret: setup.secret, acl: LEAST_PRIVILEGES }],
    content: [{ volid: TEMPLATE, content: 'vztmpl', format: 'tzst', size: 1, ctime: 1_700_000_000 }],
    authDelayMs: 0,
  });
  const key = await readFile(tls.keyFile, 'utf8');
  const { port } = await cluster.listen({ host: '127.0.0.1', port: 0, tls: { cert: tls.pem, key } });
  return { cluster, url: `https://127.0.0.1:${port}`, pem: tls.pem };
}

interface Joining {
  directory: string;
  replicas: readonly LocalReplica[];
  site: Site;
  programs: LocalLabOptions['programs'];
}

async function joinAll(joining: Joining & Pick<LocalLab, 'ports'>): Promise<LocalLab['agents']> {
  const { directory, ports } = joining;
  const loopback = { listenAddresses: ['127.0.0.1'], dnsPort: ports.dns, dhcp: false, watchLeases: true, ...asRoot() };
  const [dns, web, pve] = await Promise.all([
    joinOne(joining, 'dns', AgentRole.DNSMASQ, 'dnsmasq', {
      rootDir: join(directory, 'dns', 'dnsmasq'),
      manage: true,
      ...loopback,
    }),
    joinOne(joining, 'web', AgentRole.NGINX, 'nginx', nginxSettings(directory, 'web', ports, '127.0.0.1')),
    joinOne(joining, 'pve', AgentRole.PROXMOX, 'proxmox', {}),
  ]);
  return { dns, web, pve };
}

function nginxSettings(directory: string, part: string, { http, https }: LocalLab['ports'], address: string) {
  const rootDir = join(directory, part, 'nginx');
  return { rootDir, httpPort: http, httpsPort: https, listen: [address], manage: true, workers: 2 };
}

/** Another nginx host of a site, on the lab's ports of another loopback address. */
export interface FurtherHost {
  readonly agent: Program;
  /** Where its nginx keeps its files. */
  readonly rootDir: string;
  destroy(): Promise<void>;
}

/** Adds an nginx host to a lab. @param name unlike any other part's @param address on loopback, e.g. 127.0.0.2 */
export async function addNginxHost(
  { directory, replicas, ports, site: own }: LocalLab,
  { name, address, site = own }: { name: string; address: string; site?: Site },
): Promise<FurtherHost> {
  await mkdir(join(directory, name), { recursive: true });
  const settings = nginxSettings(directory, name, ports, address);
  const agent = await joinOne(
    { directory, replicas, site, programs: undefined },
    name,
    AgentRole.NGINX,
    'nginx',
    settings,
  );
  return {
    agent,
    rootDir: settings.rootDir,
    async destroy() {
      await agent.stop();
      await endByPidFile(join(settings.rootDir, 'run/nginx.pid'));
    },
  };
}

// Started by root, dnsmasq would become a user who cannot read a directory of root's below /tmp.
function asRoot(): { user?: string } {
  return process.getuid?.() === 0 ? { user: 'root' } : {};
}

async function joinOne(
  joining: Joining,
  part: string,
  role: AgentRole,
  name: string,
  settings: object,
): Promise<Program> {
  const { directory, replicas, site, programs } = joining;
  const agent = programs?.agent ?? [AGENT];
  const api = (part === 'web' ? replicas.at(-1) : replicas[0])?.api;
  if (!api) throw new Error('there is no control plane to join');
  const stateDir = join(directory, part, 'state');
  const config = join(directory, part, 'agent.json');
  await writeFile(config, JSON.stringify({ stateDir, roles: { [name]: settings } }));
  const { token, caSha256 } = await joinToken(api.transport, site.id, role);
  const server = ['--server', api.url, '--token', token, '--ca-sha256', caSha256];
  const args = [...server, '--roles', name, '--name', part, '--state-dir', stateDir];
  await promisify(execFile)(process.execPath, [...agent, 'enroll', ...args]);
  const program = new Program({
    name: `${name} agent`,
    command: process.execPath,
    args: [...agent, 'run', '--config', config],
    env: programs?.agentEnv ?? {},
    logFile: join(directory, `${part}.log`),
    ready: /agent ready/,
  });
  await program.start();
  return program;
}

// nginx and dnsmasq outlive their agents on purpose; the lab ends them itself, by the process ids they wrote.
async function endDaemons(directory: string): Promise<void> {
  for (const file of ['web/nginx/run/nginx.pid', 'dns/dnsmasq/dnsmasq.pid']) await endByPidFile(join(directory, file));
}

async function endByPidFile(file: string): Promise<void> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  if (!(pid > 1)) return;
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
