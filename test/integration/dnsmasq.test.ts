import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import type { LeaseReport } from '@berth/proto/agent/v1/session_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLabNetwork, type LabNetwork } from '../lab/net/lab-network.ts';
import { LAB_PLAN } from '../lab/net/plan.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleDriver, startDnsmasqRole } from './role-driver.ts';

// The role with the real dnsmasq on the lab's dns host, a real DHCP client (busybox udhcpc) on its guest LAN, and a
// second dnsmasq on the control plane's host as the forwarder.

const MAC = '02:be:00:00:00:01';
const zoneBody = {
  domain: 'lab.internal',
  network: '10.64.0.0/22',
  rangeStart: '10.64.1.1',
  rangeEnd: '10.64.3.250',
  gateway: LAB_PLAN.dns.lan.address,
  forwarders: [LAB_PLAN.cp.mgmt.address],
  leaseSeconds: 3600,
};
const zone = makeResource('lab', { case: 'zone', value: zoneBody });
const reservation = makeResource('web1', {
  case: 'reservation',
  value: { mac: MAC, address: '10.64.0.20', hostname: 'web1' },
});
const name = makeResource('web1', {
  case: 'nameRecord',
  value: { fqdn: 'web1.lab.internal', address: '10.64.0.20' },
});
const service = makeResource('ldap', {
  case: 'srvRecord',
  value: { fqdn: '_ldap._tcp.lab.internal', target: 'web1.lab.internal', port: 636, priority: 1, weight: 2 },
});
const site = [zone, reservation, name, service];

let network: LabNetwork;
let role: RoleDriver;
let root: string;
let upstreamLog: string;
let generation = 0;

beforeAll(async () => {
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
  root = join(network.directory, 'dnsmasq');
  upstreamLog = join(network.directory, 'upstream.log');
  await mkdir(root);
  await network.hosts.cp.run('dnsmasq', [
    ...['--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--log-queries', '--user=root', '--pid-file='],
    `--log-facility=${upstreamLog}`,
    '--address=/example.org/203.0.113.7',
    `--listen-address=${LAB_PLAN.cp.mgmt.address}`,
    '--bind-interfaces',
  ]);
  role = await startDnsmasqRole(network.hosts.dns, config());
});

afterAll(() => network.destroy());

function config() {
  return { rootDir: root, interfaces: ['lan0'], manage: true };
}

const apply = (...resources: typeof site) => role.apply(++generation, resources);
const pid = async () => Number(await readFile(join(root, 'dnsmasq.pid'), 'utf8'));

async function dig(...question: string[]): Promise<string> {
  const { stdout } = await network.hosts.dns.run('dig', ['@127.0.0.1', '+short', '+time=2', '+tries=1', ...question]);
  return stdout.trim();
}

/** Takes an address as a guest with this MAC does; the address it got. */
async function lease(mac: string): Promise<string> {
  const { web } = network.hosts;
  await web.run('ip', ['link', 'add', 'link', 'lan0', 'name', 'guest0', 'address', mac, 'type', 'macvlan']);
  try {
    await web.run('ip', ['link', 'set', 'guest0', 'up']);
    const options = ['-i', 'guest0', '-n', '-q', '-f', '-t', '10', '-T', '1', '-s', '/bin/true', '-x', 'hostname:mine'];
    const { stderr, stdout } = await web.run('busybox', ['udhcpc', ...options]);
    return /lease of (\S+) obtained/.exec(stderr + stdout)?.[1] ?? 'none';
  } finally {
    await web.run('ip', ['link', 'delete', 'guest0']);
  }
}

function leaseReports(): LeaseReport[] {
  return role.reports.flatMap((report) => (report.case === 'leaseReport' ? [report.value] : []));
}

it('says which dnsmasq it has', () => {
  expect(role.capabilities).toEqual([expect.stringMatching(/^dnsmasq\/2\.\d+/)]);
});

it('serves a site: names, reverse names, services, and the reserved address by DHCP', async () => {
  expect(await apply(...site)).toMatchObject({ status: 'running', errors: [] });
  expect(await dig('web1.lab.internal', 'A')).toBe('10.64.0.20');
  expect(await dig('-x', '10.64.0.20')).toBe('web1.lab.internal.');
  expect(await dig('_ldap._tcp.lab.internal', 'SRV')).toBe('1 2 636 web1.lab.internal.');
  expect(await lease(MAC)).toBe('10.64.0.20');
});

it.each(['ignore', 'infinite', '12h', '123'])('leases to a guest called %s like to any other', async (hostname) => {
  const value = { mac: '02:be:00:00:00:02', address: '10.64.0.21', hostname };
  const odd = makeResource('odd', { case: 'reservation', value });
  expect(await apply(...site, odd)).toMatchObject({ status: 'running', errors: [] });
  expect(await lease(value.mac)).toBe(value.address);
  expect(await readFile(join(root, 'leases'), 'utf8')).toContain(`${value.mac} ${value.address} ${hostname} `);
  await role.execute(create(CommandSchema, { id: hostname, task: { case: 'releaseLease', value } }));
});

it('reports the lease, and every lease when a session opens', async () => {
  const told = await waitFor(() => leaseReports().find(({ upserts }) => upserts.some(({ mac }) => mac === MAC)));
  expect(told).toMatchObject({ full: false, upserts: [{ mac: MAC, address: '10.64.0.20', hostname: 'web1' }] });
  await role.sessionOpened();
  const full = await waitFor(() => leaseReports().find((report) => report.seq > told.seq && report.full));
  expect(full.upserts.map(({ mac }) => mac)).toEqual([MAC]);
});

it('ends a lease on command, and is content when there is none', async () => {
  const task = { case: 'releaseLease', value: { mac: MAC, address: '10.64.0.20' } } as const;
  const before = await pid();
  expect(await role.execute(create(CommandSchema, { id: 'c1', task }))).toEqual({ ok: true, success: {} });
  expect(await readFile(join(root, 'leases'), 'utf8')).not.toContain(MAC);
  await waitFor(() => leaseReports().some(({ removals }) => removals.includes(MAC)), { what: 'the removal' });
  expect(await role.execute(create(CommandSchema, { id: 'c2', task }))).toEqual({ ok: true, success: {} });
  expect(await pid()).toBe(before);
});

it('gives a device that nobody knows an address of the range, and no name', async () => {
  expect(await lease('02:be:00:00:00:99')).toMatch(/^10\.64\.[123]\./);
  await waitFor(() => leaseReports().some(({ upserts }) => upserts.some((each) => each.mac.endsWith(':99'))));
  expect(await dig('mine.lab.internal', 'A')).toBe('');
});

it('forwards what is not the internal domain, and nothing that is', async () => {
  expect(await dig('www.example.org', 'A')).toBe('203.0.113.7');
  expect(await dig('missing.lab.internal', 'A')).toBe('');
  expect(await dig('_none._tcp.lab.internal', 'SRV')).toBe('');
  expect(await dig('-x', '10.64.0.99')).toBe('');
  const asked = await readFile(upstreamLog, 'utf8');
  expect(asked).toContain('www.example.org');
  expect(asked).not.toMatch(/lab\.internal|berth\.invalid|in-addr/);
});

it('takes new names and reservations without a restart, and a new range with one', async () => {
  const before = await pid();
  const second = makeResource('web2', {
    case: 'nameRecord',
    value: { fqdn: 'web2.lab.internal', address: '10.64.0.21' },
  });
  expect(await apply(...site, second)).toMatchObject({ status: 'running', errors: [] });
  expect(await dig('web2.lab.internal', 'A')).toBe('10.64.0.21');
  expect(await pid()).toBe(before);
  const shorter = makeResource('lab', { case: 'zone', value: { ...zoneBody, rangeEnd: '10.64.2.250' } });
  expect(await apply(shorter, reservation, name)).toMatchObject({ status: 'running', errors: [] });
  expect(await pid()).not.toBe(before);
  expect(await dig('web2.lab.internal', 'A')).toBe('');
});

it('sets a bad resource aside with its reason and serves the others', async () => {
  const hostile = makeResource('bad', {
    case: 'nameRecord',
    value: { fqdn: 'a.lab.internal\n10.64.0.66 web1.lab.internal', address: '10.64.0.20' },
  });
  const twin = makeResource('web1-again', {
    case: 'reservation',
    value: { mac: '02:be:00:00:00:02', address: '10.64.0.20', hostname: 'other' },
  });
  const report = await apply(...site, hostile, twin);
  expect(report.status).toBe('running');
  expect(report.errors).toMatchObject([
    { resource: { kind: 'reservation', name: 'web1-again' }, stderrTail: expect.stringContaining('10.64.0.20') },
    { resource: { kind: 'nameRecord', name: 'bad' }, stderrTail: expect.stringContaining('not a DNS name') },
  ]);
  expect(await dig('web1.lab.internal', 'A')).toBe('10.64.0.20');
  expect(await apply(...site)).toMatchObject({ status: 'running', errors: [] });
});

it('repairs a file changed by hand within five seconds and reports it', async () => {
  const seen = role.reports.length;
  await appendFile(join(root, 'current', 'hosts'), '10.64.0.66 evil.lab.internal\n');
  await rm(join(root, 'current', 'servers'));
  await waitFor(() => role.reports.filter(({ case: kind }) => kind === 'driftReport').length >= 2, {
    timeoutMs: 5_000,
    what: 'two drift reports',
  });
  const drifts = role.reports.slice(seen).flatMap((report) => (report.case === 'driftReport' ? [report.value] : []));
  expect(drifts.map(({ kind, error }) => [kind, error]).sort()).toEqual([
    ['changed', ''],
    ['deleted', ''],
  ]);
  expect(await dig('evil.lab.internal', 'A')).toBe('');
});

it('goes back, and serves on, when dnsmasq cannot serve what is new', async () => {
  const before = await pid();
  await role.stop();
  // A directory in the way of the process id file: dnsmasq passes its own test and then refuses to start.
  const pidFile = join(root, 'blocked.pid');
  await mkdir(join(pidFile, 'x'), { recursive: true });
  const blocked = await startDnsmasqRole(network.hosts.dns, { ...config(), pidFile });
  const report = await blocked.apply(++generation, site);
  expect(report).toMatchObject({ status: 'rejected', message: expect.stringContaining('reload: ') });
  await blocked.stop();
  role = await startDnsmasqRole(network.hosts.dns, config());
  expect(await dig('web1.lab.internal', 'A')).toBe('10.64.0.20');
  expect(await pid()).not.toBe(before);
});

it('keeps serving when the agent is killed, and is taken over by the next one without a restart', async () => {
  const before = await pid();
  await role.stop('SIGKILL');
  expect(await dig('web1.lab.internal', 'A')).toBe('10.64.0.20');
  role = await startDnsmasqRole(network.hosts.dns, config());
  expect(await apply(...site)).toMatchObject({ status: 'running' });
  expect(await pid()).toBe(before);
});

it('starts a dnsmasq that died again', async () => {
  const before = await pid();
  process.kill(before, 'SIGKILL');
  await waitFor(async () => (await dig('web1.lab.internal', 'A').catch(() => '')) === '10.64.0.20', {
    what: 'dnsmasq to answer again',
  });
  expect(await pid()).not.toBe(before);
});

it('edits the lease file where a DHCPRELEASE does not help', async () => {
  const line = `${Math.floor(Date.now() / 1000) + 3000} ${MAC} 192.0.2.77 ghost *\n`;
  process.kill(await pid(), 'SIGKILL');
  await writeFile(join(root, 'leases'), line);
  await waitFor(() => dig('web1.lab.internal', 'A'), { what: 'dnsmasq to answer again' });
  const task = { case: 'releaseLease', value: { mac: MAC, address: '192.0.2.77' } } as const;
  expect(await role.execute(create(CommandSchema, { id: 'c3', task }))).toEqual({ ok: true, success: {} });
  expect(await readFile(join(root, 'leases'), 'utf8')).not.toContain(MAC);
  expect(await dig('web1.lab.internal', 'A')).toBe('10.64.0.20');
});
