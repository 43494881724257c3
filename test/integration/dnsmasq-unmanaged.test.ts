import { Resolver } from 'node:dns/promises';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DnsmasqConfig, dnsmasqConfigSchema } from '@berth/agents/dnsmasq/config.ts';
import { createDnsmasqRole } from '@berth/agents/dnsmasq/role.ts';
import { createLogger } from '@berth/agents/shared/logger.ts';
import type { RoleModule } from '@berth/agents/shared/role.ts';
import { CommandSchema } from '@berth/proto/agent/v1/command_pb.js';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';

// A dnsmasq that the host's service manager owns: here a line of shell stands for `systemctl restart dnsmasq`.

let root: string;
let config: DnsmasqConfig;
let role: RoleModule;
let resolver: Resolver;
let generation = 0n;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-dnsmasq-'));
  const dnsPort = await freePort();
  const pidFile = join(root, 'service.pid');
  const restart = [
    `p=$(cat ${pidFile} 2>/dev/null) && kill $p && while grep -q dnsmasq /proc/$p/cmdline 2>/dev/null; do :; done`,
    `exec dnsmasq --user=root --pid-file=${pidFile} --conf-file=${root}/current/dnsmasq.conf`,
  ].join('\n');
  config = dnsmasqConfigSchema.parse({
    rootDir: root,
    listenAddresses: ['127.0.0.1'],
    dnsPort,
    dhcp: false,
    manage: false,
    pidFile,
    restart: { command: ['sh', '-c', restart] },
  });
  role = createDnsmasqRole(config);
  const log = createLogger('fatal');
  await role.start({
    clock: systemClock,
    random: Math.random,
    log,
    stateDir: root,
    report: () => {},
    requestApply: () => {},
  });
  resolver = new Resolver({ timeout: 1_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
});

afterAll(async () => {
  await role.stop();
  process.kill(await pid(), 'SIGTERM');
  await rm(root, { recursive: true, force: true });
});

const pid = async () => Number(await readFile(config.pidFile, 'utf8'));

const nameOf = (address: string) =>
  makeResource('web', { case: 'nameRecord', value: { fqdn: 'web.lab.internal', address } });
const service = makeResource('ldap', {
  case: 'srvRecord',
  value: { fqdn: '_ldap._tcp.lab.internal', target: 'web.lab.internal', port: 636 },
});

function apply(...resources: ReturnType<typeof makeResource>[]) {
  generation += 1n;
  return role.apply({ generation, resources: new Map(resources.map((each) => [keyOf(each), each])) });
}

it('is restarted by its owner when the main file changed, and gets a SIGHUP otherwise', async () => {
  expect(await apply(nameOf('10.0.0.1'))).toMatchObject({ status: 'running', errors: [] });
  const first = await pid();
  expect(await apply(nameOf('10.0.0.2'))).toMatchObject({ status: 'running' });
  expect(await resolver.resolve4('web.lab.internal')).toEqual(['10.0.0.2']);
  expect(await pid()).toBe(first);
  expect(await apply(nameOf('10.0.0.2'), service)).toMatchObject({ status: 'running' });
  expect(await resolver.resolveSrv('_ldap._tcp.lab.internal')).toMatchObject([{ name: 'web.lab.internal', port: 636 }]);
  expect(await pid()).not.toBe(first);
});

it('strikes off a lease that somebody else wrote, without touching a dnsmasq that has no DHCP', async () => {
  const before = await pid();
  await writeFile(config.leaseFile, '0 02:be:00:00:00:01 10.64.0.20 web1 *\n0 02:be:00:00:00:02 10.64.0.21 web2 *\n');
  const task = { case: 'releaseLease', value: { mac: '02:be:00:00:00:01', address: '10.64.0.20' } } as const;
  const signal = new AbortController().signal;
  const notes = { read: () => ({}), write: async () => {} };
  const context = { signal, progress: () => {}, notes };
  expect(await role.execute(create(CommandSchema, { id: 'c', task }), context)).toEqual({ ok: true, success: {} });
  expect(await readFile(config.leaseFile, 'utf8')).toBe('0 02:be:00:00:00:02 10.64.0.21 web2 *\n');
  expect(await pid()).toBe(before);
});

it('goes back when its owner cannot restart it', async () => {
  const broken = createDnsmasqRole({ ...config, restart: { command: ['sh', '-c', 'echo no such unit >&2; exit 5'] } });
  const log = createLogger('fatal');
  await broken.start({
    clock: systemClock,
    random: Math.random,
    log,
    stateDir: root,
    report: () => {},
    requestApply: () => {},
  });
  const set = new Map([[keyOf(nameOf('10.0.0.3')), nameOf('10.0.0.3')]]);
  const report = await broken.apply({ generation: 99n, resources: set });
  expect(report).toMatchObject({ status: 'rejected', message: 'reload: no such unit' });
  await broken.stop();
  expect(await resolver.resolve4('web.lab.internal')).toEqual(['10.0.0.2']);
});
