/**
 * A whole site on this machine: the control plane, the three agents with the real dnsmasq and nginx, and a simulated
 * Proxmox cluster whose guests are real LXC containers, each on a host that is a network namespace. The same assembly
 * serves the end-to-end tests, the benchmarks and `scripts/dev`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import { AgentRole } from '@berth/proto/api/v1/agents_pb.js';
import type { Site } from '@berth/proto/api/v1/sites_pb.js';
import type { Transport } from '@connectrpc/connect';
import { selfSigned } from './certificate.ts';
import { ensureGuestRoot, type GuestRootName } from './guest/guest-root.ts';
import { createLabNetwork, type LabNetwork } from './net/lab-network.ts';
import { GUEST_LAN, type HostName, LAB_PLAN } from './net/plan.ts';
import { type Relay, relay } from './net/relay.ts';
import { Program } from './program.ts';
import { PVE_TOKEN_ID, pveProgram } from './pve-program.ts';
import { addNode, agentsSettled, becomeAdministrator, joinToken, makeSite } from './site-setup.ts';

export interface LabOptions {
  /** Template of the guests; both are offered under the name `debian-12`. */
  guest?: GuestRootName;
  /** Names of the PVE nodes. */
  nodes?: readonly string[];
  /** External domain of the site. */
  domain?: string;
  /** Database of the control plane; its own SQLite by default. */
  databaseUrl?: string;
  /** Fixed ports on this machine's loopback, for people; any free ones by default. */
  ports?: { api?: number; pages?: number };
  /** Hears what takes long. */
  onProgress?: (line: string) => void;
}

export interface Lab {
  readonly network: LabNetwork;
  readonly site: Site;
  /** The control plane as this machine's loopback reaches it, with its authority and an administrator's session. */
  readonly api: { url: string; pagesUrl: string; caFile: string; token: string; transport: Transport };
  readonly controlPlane: Program;
  readonly pve: Program;
  readonly agents: Readonly<Record<'dns' | 'web' | 'pve', Program>>;
  readonly stateDir: (part: 'cp' | 'dns' | 'web' | 'pve') => string;
  destroy(): Promise<void>;
}

const NODE = process.execPath;

/** Builds a lab. Needs root. @throws with what did not start; nothing is left then. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const root = await ensureGuestRoot(
    options.guest ?? 'busybox',
    options.onProgress ? { onProgress: options.onProgress } : {},
  );
  const network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
  try {
    return await assemble(network, root, options);
  } catch (error) {
    await network.destroy();
    throw error;
  }
}

async function assemble(network: LabNetwork, root: string, options: LabOptions): Promise<Lab> {
  const stateDir: Lab['stateDir'] = (part) => join(network.directory, part);
  const secret = randomUUID();
  const nodes = options.nodes ?? ['pve1', 'pve2'];
  const say = options.onProgress ?? (() => {});
  await Promise.all((['cp', 'dns', 'web', 'pve'] as const).map((part) => mkdir(stateDir(part), { recursive: true })));
  const tls = await selfSigned(join(network.directory, 'pve-tls'), [LAB_PLAN.pve.mgmt.address]);
  const pve = pveProgram(network, { root, nodes, tls, secret });
  const controlPlane = controlPlaneProgram(network, options);
  say('starting the control plane and the simulated Proxmox cluster');
  await Promise.all([pve.start(), controlPlane.start()]);
  const relays = await openRelays(network, options);
  const api = await signIn(network, relays);
  const site = await makeSite(api.transport, labSite(options.domain ?? 'apps.lab'));
  for (const name of nodes) {
    const apiUrl = `https://${LAB_PLAN.pve.mgmt.address}:8006`;
    await addNode(api.transport, {
      site: site.id,
      name,
      apiUrl,
      tokenId: PVE_TOKEN_ID,
      tokenSecret: secret,
      caPem: tls.pem,
    });
  }
  say('joining the three hosts');
  const agents = await joinHosts(network, api.transport, site);
  await agentsSettled(api.transport, 3);
  const destroy = async () => {
    await Promise.all(relays.map((r) => r.close()));
    await network.destroy();
  };
  return { network, site, api, controlPlane, pve, agents, stateDir, destroy };
}

function labSite(domain: string) {
  return {
    name: 'lab',
    internalDomain: 'lab.internal',
    network: GUEST_LAN,
    rangeStart: '10.64.0.50',
    rangeEnd: '10.64.3.250',
    gateway: LAB_PLAN.dns.lan.address,
    externalDomains: [domain],
    externalAddress: LAB_PLAN.web.wan.address,
  };
}

function controlPlaneProgram(network: LabNetwork, options: LabOptions): Program {
  const address = LAB_PLAN.cp.mgmt.address;
  return new Program({
    name: 'control plane',
    spawn: network.hosts.cp.spawn,
    command: NODE,
    args: ['control-plane/main.ts'],
    env: {
      BERTH_STATE_DIR: join(network.directory, 'cp'),
      BERTH_LISTEN: '0.0.0.0:8443',
      BERTH_PLAIN_LISTEN: '127.0.0.1:8080',
      BERTH_AGENT_LISTEN: `${address}:8444`,
      BERTH_SERVER_NAMES: `${address},localhost,127.0.0.1`,
      BERTH_HEARTBEAT_SECONDS: '2',
      BERTH_LDAP_LISTEN: '0.0.0.0:636',
      BERTH_LDAP_URIS: `ldaps://${address}:636`,
      ...(options.databaseUrl ? { BERTH_DATABASE_URL: options.databaseUrl } : {}),
    },
    logFile: join(network.directory, 'cp.log'),
    ready: /control plane ready/,
  });
}

async function openRelays(network: LabNetwork, options: LabOptions): Promise<Relay[]> {
  const from = network.hosts.cp;
  const open = (port: number, listenPort: number | undefined) =>
    relay({ network, from, target: { host: '127.0.0.1', port }, ...(listenPort ? { listenPort } : {}) });
  return [await open(8443, options.ports?.api), await open(8080, options.ports?.pages)];
}

async function signIn(network: LabNetwork, [api, pages]: Relay[]): Promise<Lab['api']> {
  const caFile = join(network.directory, 'cp', 'ca.pem');
  const ca = await readFile(caFile, 'utf8');
  const url = `https://127.0.0.1:${api?.port}`;
  const token = await becomeAdministrator(transportTo(url, { ca }), join(network.directory, 'cp', 'setup-code'));
  return {
    url,
    pagesUrl: `http://127.0.0.1:${pages?.port}`,
    caFile,
    token,
    transport: transportTo(url, { ca, token }),
  };
}

const ROLES = {
  dns: { role: AgentRole.DNSMASQ, name: 'dnsmasq' },
  web: { role: AgentRole.NGINX, name: 'nginx' },
  pve: { role: AgentRole.PROXMOX, name: 'proxmox' },
} as const;

async function joinHosts(network: LabNetwork, transport: Transport, site: Site): Promise<Lab['agents']> {
  const join = (host: keyof typeof ROLES) => joinHost(network, transport, site, host);
  const [dns, web, pve] = await Promise.all([join('dns'), join('web'), join('pve')]);
  return { dns, web, pve };
}

async function joinHost(
  network: LabNetwork,
  transport: Transport,
  site: Site,
  host: keyof typeof ROLES,
): Promise<Program> {
  const { role, name } = ROLES[host];
  const state = join(network.directory, host);
  const config = join(state, 'agent.json');
  await writeFile(
    config,
    JSON.stringify({ stateDir: join(state, 'state'), roles: { [name]: roleConfig(host, state) } }),
  );
  const { token, caSha256 } = await joinToken(transport, site.id, role);
  const server = `https://${LAB_PLAN.cp.mgmt.address}:8443`;
  const args = ['--server', server, '--token', token, '--ca-sha256', caSha256, '--roles', name, '--name', host];
  await network.hosts[host].run(NODE, [AGENT, 'enroll', ...args, '--state-dir', join(state, 'state')]);
  const program = new Program({
    name: `${name} agent`,
    spawn: network.hosts[host].spawn,
    command: NODE,
    args: [AGENT, 'run', '--config', config],
    logFile: join(network.directory, `${host}.log`),
    ready: /agent ready/,
  });
  await program.start();
  return program;
}

const AGENT = join(import.meta.dirname, '../../agents/berth-agent.ts');

function roleConfig(host: HostName, state: string): Record<string, unknown> {
  if (host === 'web') return { rootDir: join(state, 'nginx'), manage: true, workers: 2 };
  if (host === 'dns') return { rootDir: join(state, 'dnsmasq'), interfaces: ['lan0'], manage: true, user: 'root' };
  return {};
}
