import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import { BackendSchema } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LabHost } from '../lab/net/lab-host.ts';
import { createLabNetwork, type LabNetwork } from '../lab/net/lab-network.ts';
import { LAB_PLAN } from '../lab/net/plan.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeTestCertificate } from './nginx-certificate.ts';
import { REPOSITORY, type RoleDriver, startRole } from './role-driver.ts';

// The roles as the package's units run them: agent, nginx and dnsmasq under one account that is not root, each with the
// capabilities of its unit and no more, told by signals. A loop stands for path unit and Restart=always.

const ACCOUNT = 64_001;
const MAC = '02:be:00:00:00:01';
const ADDRESS = '10.64.0.20';

const zone = (rangeEnd = '10.64.3.250') =>
  makeResource('lab', {
    case: 'zone',
    value: {
      ...{ domain: 'lab.internal', network: '10.64.0.0/22', rangeStart: '10.64.1.1', rangeEnd },
      ...{ gateway: LAB_PLAN.dns.lan.address, leaseSeconds: 3600 },
    },
  });
const reservation = makeResource('web1', {
  case: 'reservation',
  value: { mac: MAC, address: ADDRESS, hostname: 'web1' },
});
const nameOf = (address: string) =>
  makeResource('web1', { case: 'nameRecord', value: { fqdn: 'web1.lab.internal', address } });

let network: LabNetwork;
let root: string;
let dnsmasq: RoleDriver;
let nginx: RoleDriver;
let generation = 0;

const dnsRoot = () => join(root, 'dnsmasq');
const webRoot = () => join(root, 'nginx');

function withOnly(...capabilities: string[]): string[] {
  const list = capabilities.map((name) => `+${name}`).join(',');
  const kept = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((option) => `${option}=-all,${list}`);
  return ['setpriv', `--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--clear-groups', '--no-new-privs', ...kept];
}

/** Starts a program when its file is there, and again whenever it has ended. */
function keep(host: LabHost, as: string[], file: string, command: string): void {
  const loop = `while :; do until [ -e ${file} ]; do sleep 0.02; done; ${command}; done`;
  const [program = '', ...args] = [...as, 'sh', '-c', loop];
  host.spawn(program, args, { stdio: 'ignore' });
}

/** Shows this repository to the account, who may not be let through to it. @returns where */
async function showRepository(...hosts: LabHost[]): Promise<string> {
  const repository = join(root, 'repository');
  await mkdir(repository);
  for (const host of hosts) await host.run('mount', ['--bind', REPOSITORY, repository]);
  return repository;
}

beforeAll(async () => {
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
  root = await mkdtemp(join(tmpdir(), 'berth-unprivileged-'));
  await chmod(root, 0o711);
  await chown(root, ACCOUNT, ACCOUNT);
  const { dns, web } = network.hosts;
  const conf = join(dnsRoot(), 'current', 'dnsmasq.conf');
  const dnsRights = withOnly('net_bind_service', 'net_admin', 'net_raw');
  keep(dns, dnsRights, conf, `dnsmasq --keep-in-foreground --conf-file=${conf}`);
  const main = join(webRoot(), 'current', 'nginx.conf');
  const clean = `rm -f ${webRoot()}/run/*.sock`;
  const serve = `nginx -e stderr -p ${webRoot()}/current/ -c ${main} -g 'daemon off;'`;
  keep(web, withOnly('net_bind_service'), main, `${clean}; ${serve}`);
  const agent = withOnly('net_bind_service');
  const repository = await showRepository(dns, web);
  dnsmasq = await startRole(dns, { dnsmasq: { rootDir: dnsRoot(), interfaces: ['lan0'] } }, agent, repository);
  nginx = await startRole(web, { nginx: { rootDir: webRoot(), workers: 2 } }, agent, repository);
});

afterAll(async () => {
  await Promise.all([dnsmasq?.stop(), nginx?.stop()]);
  await network.destroy();
  await rm(root, { recursive: true, force: true });
});

const serveNames = (...resources: Parameters<RoleDriver['apply']>[1]) => dnsmasq.apply(++generation, resources);
const pidOf = async (path: string) => Number(await readFile(path, 'utf8'));
const dnsPid = () => pidOf(join(dnsRoot(), 'dnsmasq.pid'));
const webPid = () => pidOf(join(webRoot(), 'run', 'nginx.pid'));

async function dig(name: string): Promise<string> {
  const { stdout } = await network.hosts.dns.run('dig', ['@127.0.0.1', '+short', '+time=2', '+tries=1', name, 'A']);
  return stdout.trim();
}

it('dnsmasq is started when there is something to serve, and hands out the reserved address', async () => {
  expect(await serveNames(zone(), reservation, nameOf(ADDRESS))).toMatchObject({ status: 'running', errors: [] });
  expect((await stat(`/proc/${await dnsPid()}`)).uid).toBe(ACCOUNT);
  expect(await dig('web1.lab.internal')).toBe(ADDRESS);
  const { web } = network.hosts;
  await web.run('ip', ['link', 'add', 'link', 'lan0', 'name', 'guest0', 'address', MAC, 'type', 'macvlan']);
  await web.run('ip', ['link', 'set', 'guest0', 'up']);
  const options = ['-i', 'guest0', '-n', '-q', '-f', '-t', '10', '-T', '1', '-s', '/bin/true'];
  const { stderr, stdout } = await web.run('busybox', ['udhcpc', ...options]);
  expect(stderr + stdout).toContain(`lease of ${ADDRESS} obtained`);
  await web.run('ip', ['link', 'delete', 'guest0']);
});

it('a lease is ended without any right to do so', async () => {
  const task = { case: 'releaseLease', value: { mac: MAC, address: ADDRESS } } as const;
  const before = await dnsPid();
  expect(await dnsmasq.execute(create(CommandSchema, { id: 'c1', task }))).toEqual({ ok: true, success: {} });
  expect(await readFile(join(dnsRoot(), 'leases'), 'utf8')).not.toContain(MAC);
  expect(await dnsPid()).toBe(before);
});

it('dnsmasq takes names by a signal, and a new range by being ended and started again', async () => {
  const before = await dnsPid();
  expect(await serveNames(zone(), reservation, nameOf('10.64.0.21'))).toMatchObject({ status: 'running' });
  expect(await dig('web1.lab.internal')).toBe('10.64.0.21');
  expect(await dnsPid()).toBe(before);
  expect(await serveNames(zone('10.64.2.250'), reservation, nameOf(ADDRESS))).toMatchObject({ status: 'running' });
  expect(await dnsPid()).not.toBe(before);
  expect(await dig('web1.lab.internal')).toBe(ADDRESS);
});

it('dnsmasq killed by somebody is back, and takes the next change', async () => {
  const killed = await dnsPid();
  process.kill(killed, 'SIGKILL');
  await waitFor(async () => (await dnsPid()) !== killed, { what: 'another dnsmasq' });
  expect(await serveNames(zone('10.64.2.250'), reservation, nameOf('10.64.0.22'))).toMatchObject({ status: 'running' });
  expect(await dig('web1.lab.internal')).toBe('10.64.0.22');
});

it('nginx is started on ports 80 and 443, and takes a change by a signal', async () => {
  const names = ['web1.lab'];
  const certificate = makeResource('lab', {
    case: 'certificate',
    value: { dnsNames: names, ...(await makeTestCertificate(names)) },
  });
  const route = (port: number) => {
    const backend = create(BackendSchema, { address: '127.0.0.1', port });
    return makeResource('web1', { case: 'httpRoute', value: { host: 'web1.lab', certificate: 'lab', backend } });
  };
  expect(await nginx.apply(1, [certificate])).toMatchObject({ status: 'running', errors: [] });
  const before = await webPid();
  expect((await stat(`/proc/${before}`)).uid).toBe(ACCOUNT);
  const ask = [
    '-sk',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '--resolve',
    'web1.lab:443:127.0.0.1',
    'https://web1.lab/',
  ];
  expect((await network.hosts.web.run('curl', ask)).stdout).toBe('404');
  expect(await nginx.apply(2, [certificate, route(9)])).toMatchObject({ status: 'running', errors: [] });
  expect((await network.hosts.web.run('curl', ask)).stdout).toBe('502');
  expect(await webPid()).toBe(before);
});

it('nginx killed by somebody is back although its sockets were left behind, and takes the next change', async () => {
  const master = await webPid();
  const workers = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  // systemd ends what a killed service leaves behind.
  for (const pid of [master, ...workers.split(' ').filter(Boolean).map(Number)]) process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await webPid()) !== master, { what: 'another nginx' });
  expect(await nginx.apply(3, [])).toMatchObject({ status: 'running' });
});
