/** The control planes of a lab on loopback: one, or several replicas on one database. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transportTo } from '@berth/control-plane/cli/client.ts';
import type { Transport } from '@connectrpc/connect';
import { freePort } from '../support/free-port.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { Program } from './program.ts';
import { becomeAdministrator } from './site-setup.ts';

/** A control plane as this machine's loopback reaches it, with its authority and an administrator's session. */
export interface ReplicaApi {
  url: string;
  pagesUrl: string;
  caFile: string;
  token: string;
  transport: Transport;
}

/** One control plane. */
export interface LocalReplica {
  readonly program: Program;
  readonly api: ReplicaApi;
  readonly stateDir: string;
}

/** What replicas are started with. */
export interface ReplicaOptions {
  databaseUrl?: string;
  ports?: { api?: number; pages?: number };
  replicas?: number;
  /** Port under which browsers reach apps. */
  appsPort?: number;
  /** The program, instead of that of the repository. */
  controlPlane?: string;
}

type Ports = Record<'api' | 'pages' | 'agents', number>;

/** Starts them one after the other, and makes the first administrator at the first; `undo` gets how to end them. */
export async function startReplicas(
  directory: string,
  options: ReplicaOptions,
  undo: (() => Promise<unknown>)[],
): Promise<[LocalReplica, ...LocalReplica[]]> {
  const { databaseUrl, appsPort = 443, replicas: count = 1, controlPlane = 'control-plane/main.ts' } = options;
  if (count > 1 && !databaseUrl) throw new Error('replicas share a database, which has to be named');
  const ports: Ports[] = [];
  for (let i = 0; i < count; i++) ports.push(await freePorts(i === 0 ? options.ports : undefined));
  const setup: Setup = { directory, ports, databaseUrl, appsPort, controlPlane, undo };
  const first = await startReplica(0, setup);
  const caFile = join(directory, 'cp', 'ca.pem');
  const ca = await readFile(caFile, 'utf8');
  const token = await becomeAdministrator(transportTo(urlOf(ports[0]), { ca }), join(directory, 'cp', 'setup-code'));
  const apiOf = (at: Ports | undefined): ReplicaApi => ({
    url: urlOf(at),
    pagesUrl: `http://127.0.0.1:${at?.pages}`,
    caFile,
    token,
    transport: transportTo(urlOf(at), { ca, token }),
  });
  const others: LocalReplica[] = [];
  for (let i = 1; i < count; i++) {
    const other = await startReplica(i, setup);
    others.push({ ...other, api: apiOf(ports[i]) });
  }
  return [{ ...first, api: apiOf(ports[0]) }, ...others];
}

interface Setup {
  directory: string;
  ports: readonly Ports[];
  databaseUrl: string | undefined;
  appsPort: number;
  controlPlane: string;
  undo: (() => Promise<unknown>)[];
}

async function startReplica(index: number, setup: Setup) {
  const { directory, ports, databaseUrl, appsPort, controlPlane, undo } = setup;
  const name = index === 0 ? 'cp' : `cp${index + 1}`;
  const stateDir = join(directory, name);
  await mkdir(stateDir, { recursive: true });
  const own = ports[index];
  const agents = await agentsAddress(index, ports, undo);
  const program = new Program({
    name: index === 0 ? 'control plane' : `control plane ${index + 1}`,
    command: process.execPath,
    args: [controlPlane],
    env: {
      BERTH_STATE_DIR: stateDir,
      BERTH_MASTER_KEY_FILE: join(directory, 'cp', 'master.key'),
      BERTH_LISTEN: `127.0.0.1:${own?.api}`,
      BERTH_PLAIN_LISTEN: `127.0.0.1:${own?.pages}`,
      BERTH_AGENT_LISTEN: `127.0.0.1:${own?.agents}`,
      BERTH_AGENT_ADDRESS: `127.0.0.1:${agents}`,
      BERTH_SERVER_NAMES: '127.0.0.1,localhost',
      BERTH_APPS_PORT: String(appsPort),
      BERTH_HEARTBEAT_SECONDS: '2',
      // Its guests are in memory and ask nobody; what they would be told is shown all the same.
      BERTH_LDAP_URIS: 'ldaps://127.0.0.1:636',
      ...(databaseUrl ? { BERTH_DATABASE_URL: databaseUrl } : {}),
    },
    logFile: join(directory, `${name}.log`),
    ready: /control plane ready/,
  });
  undo.push(() => program.stop());
  await program.start();
  return { program, stateDir };
}

/** Where agents that join at a replica find it, or one of the others when it is away. */
async function agentsAddress(
  index: number,
  ports: readonly Ports[],
  undo: (() => Promise<unknown>)[],
): Promise<number | undefined> {
  if (ports.length === 1) return ports[0]?.agents;
  const targets = ports.map(({ agents }) => agents);
  const balancer: Balancer = await startBalancer([...targets.slice(index), ...targets.slice(0, index)]);
  undo.push(() => balancer.close());
  return balancer.port;
}

async function freePorts(fixed: ReplicaOptions['ports']): Promise<Ports> {
  return {
    api: fixed?.api ?? (await freePort()),
    pages: fixed?.pages ?? (await freePort()),
    agents: await freePort(),
  };
}

function urlOf(ports: Ports | undefined): string {
  return `https://127.0.0.1:${ports?.api}`;
}
