/**
 * What each service takes: memory and time to start, idle and with 1,000 containers, as the packages have them. Beside
 * it, in the same run, the same programs as they stand in the repository. A start counts from the making of the process
 * until it serves, with Node's compile cache filled, as it is from the second start on.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createLocalLab, type LocalLab, type LocalLabOptions } from '@berth/test/lab/local-lab.ts';
import { populate } from '@berth/test/lab/populate.ts';
import { Program } from '@berth/test/lab/program.ts';
import { agentsSettled } from '@berth/test/lab/site-setup.ts';
import { freePort } from '@berth/test/support/free-port.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { bundle } from '../packaging/bundle.ts';
import { RECIPES } from '../packaging/recipes.ts';
import { quantile, type Row, row } from './rows.ts';

const CONTAINERS = 1_000;
const STARTS = 5;
const DOMAIN = 'apps.localhost';

type Programs = NonNullable<LocalLabOptions['programs']> & { berth: string };
/** Of one service. */
type Footprint = { megabytes: number; milliseconds: number };
/** By service and size. */
type Footprints = Map<string, Footprint>;

/** Takes the figures; about four minutes. */
export async function run(say: (line: string) => void): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  try {
    say('bundling the programs');
    const ours = await measureAll('bundled', await bundled(directory), say);
    const other = await measureAll('from the repository', fromRepository(), say);
    return [...ours].flatMap(([service, mine]) => {
      const theirs = other.get(service) ?? { megabytes: Number.NaN, milliseconds: Number.NaN };
      return [
        row('footprint', `${service}: memory (other: not bundled)`, 'MB', mine.megabytes, theirs.megabytes),
        row('footprint', `${service}: start (other: not bundled)`, 'ms', mine.milliseconds, theirs.milliseconds),
      ];
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function bundled(directory: string): Promise<Programs> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  for (const { name, program } of RECIPES) {
    await mkdir(join(directory, name), { recursive: true });
    await bundle(program, join(directory, name), arch);
  }
  const { runtime } = RECIPES.find(({ name }) => name === 'berth-agent') ?? { runtime: undefined };
  return {
    controlPlane: join(directory, 'berth/main.mjs'),
    agent: [...(runtime?.arguments ?? []), join(directory, 'berth-agent/berth-agent.mjs')],
    agentEnv: { ...runtime?.variables },
    berth: join(directory, 'berth/berth.mjs'),
  };
}

function fromRepository(): Programs {
  const at = (path: string) => join(import.meta.dirname, '../..', path);
  return {
    controlPlane: at('control-plane/main.ts'),
    agent: [at('agents/berth-agent.ts')],
    berth: at('control-plane/cli/berth.ts'),
  };
}

async function measureAll(kind: string, programs: Programs, say: (line: string) => void): Promise<Footprints> {
  const footprints: Footprints = new Map();
  const lab = await createLocalLab({ domain: DOMAIN, programs });
  try {
    say(`${kind}: idle`);
    await measureLab(lab, programs, 'idle', footprints);
    await populate({
      databaseUrl: `sqlite:${join(lab.directory, 'cp', 'berth.db')}`,
      masterKeyFile: join(lab.directory, 'cp', 'master.key'),
      siteId: lab.site.id,
      domain: DOMAIN,
      count: CONTAINERS,
      internalPort: 8080,
    });
    await agentsSettled(lab.api.transport, 3);
    say(`${kind}: ${CONTAINERS} containers`);
    await measureLab(lab, programs, `${CONTAINERS} containers`, footprints);
    return footprints;
  } finally {
    await lab.destroy();
  }
}

async function measureLab(lab: LocalLab, programs: Programs, size: string, into: Footprints): Promise<void> {
  const { dns, web, pve } = lab.agents;
  for (const [name, program] of Object.entries({ 'nginx agent': web, 'dnsmasq agent': dns, 'proxmox agent': pve })) {
    into.set(`${name}, ${size}`, await measure(program, () => agentsSettled(lab.api.transport, 3)));
  }
  into.set(`control plane, ${size}`, await measure(lab.controlPlane, () => agentsSettled(lab.api.transport, 3)));
  const { program, answers } = await gateway(lab, programs);
  into.set(`LDAP gateway, ${size}`, await measure(program, answers));
  await program.stop();
}

/** Starts a program over and over. @param serves resolves once it does all that it is there for */
async function measure(program: Program, serves: () => Promise<unknown>): Promise<Footprint> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    await program.stop();
    const began = performance.now();
    await program.start();
    times.push(performance.now() - began);
  }
  await serves();
  return { megabytes: await settledMegabytes(program.pid ?? 0), milliseconds: quantile(times, 0.5) };
}

/** Resident memory once it has stopped to change. */
async function settledMegabytes(pid: number): Promise<number> {
  let last = Number.POSITIVE_INFINITY;
  return waitFor(
    async () => {
      const megabytes = await residentMegabytes(pid);
      const settled = Math.abs(megabytes - last) < 0.5;
      last = megabytes;
      return settled ? megabytes : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 2_000, what: 'the memory to settle' },
  );
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** The gateway as a process of its own, on the lab's database. */
async function gateway(lab: LocalLab, { berth }: Programs) {
  const port = await freePort();
  const state = join(lab.directory, 'cp');
  const program = new Program({
    name: 'LDAP gateway',
    command: process.execPath,
    args: [berth, 'ldap'],
    env: {
      BERTH_STATE_DIR: state,
      BERTH_LDAP_LISTEN: `127.0.0.1:${port}`,
      BERTH_SERVER_NAMES: '127.0.0.1,localhost',
    },
    logFile: join(lab.directory, 'ldap.log'),
    ready: /LDAP/,
  });
  const answers = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
    });
  return { program, answers };
}
