import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { ReleaseStore } from '@berth/agents/shared/release-store.ts';
import type { Report } from '@berth/agents/shared/role.ts';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { certificate, isAlive, NginxHost, route, stream } from './nginx-host.ts';

let backend: Server;
let port: number;
let host: NginxHost;

beforeAll(async () => {
  backend = createServer((incoming, response) => response.end(incoming.headers.host));
  backend.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  port = (backend.address() as AddressInfo).port;
});
afterAll(() => {
  backend.closeAllConnections();
  backend.close();
});

beforeEach(async () => {
  host = await NginxHost.start({ maxOldWorkers: 2 });
  await host.apply(await certificate('apps', '*.apps.lab'), route('web1.apps.lab', port));
});
afterEach(() => host.close());

test('nothing at all can be applied too', async () => {
  host.resources.clear();
  expect(await host.apply()).toMatchObject({ status: 'running', errors: [] });
  await expect(host.get('web1.apps.lab')).rejects.toThrow();
  expect((await host.getPlain('web1.apps.lab')).status).toBe(404);
});

test('what nginx refuses is set aside alone, in its own words, and heals when corrected', async () => {
  const bad = makeResource('broken', {
    case: 'certificate',
    value: { dnsNames: ['*.broken.lab'], chainPem: 'no certificate', keyPem: 'no key' },
  });
  const dependent = route('web.broken.lab', port, { certificate: 'broken' });
  const report = await host.apply(bad, dependent, route('web2.apps.lab', port));
  expect(report.status).toBe('running');
  expect(report.errors).toMatchObject([
    { resource: { kind: 'certificate', name: 'broken' }, stage: 'validate', exitCode: 1, version: bad.version },
    { resource: { kind: 'httpRoute', name: 'web.broken.lab' }, stage: 'render' },
  ]);
  expect(report.errors[0]?.stderrTail).toMatch(/nginx: \[emerg\] cannot load certificate .*PEM/);
  expect((await host.get('web2.apps.lab')).status).toBe(200);

  const later = await host.apply(route('web3.apps.lab', port));
  expect(later.errors).toHaveLength(2);
  const healed = await host.apply(await certificate('broken', '*.broken.lab'));
  expect(healed).toMatchObject({ status: 'running', errors: [] });
  expect((await host.get('web.broken.lab')).status).toBe(200);
});

test('a key that does not belong to its certificate is traced to it', async () => {
  const [one, other] = [await certificate('mixed', '*.mixed.lab'), await certificate('mixed', '*.mixed.lab')];
  if (one.body.case !== 'certificate' || other.body.case !== 'certificate') throw new Error('not certificates');
  const value = { ...one.body.value, keyPem: other.body.value.keyPem };
  const report = await host.apply(makeResource('mixed', { case: 'certificate', value }));
  expect(report.errors).toMatchObject([{ resource: { name: 'mixed' }, stage: 'validate' }]);
  expect(report.errors[0]?.stderrTail).toMatch(/key values mismatch/);
});

test('a route without its certificate, or with one for other names, says so', async () => {
  const report = await host.apply(
    route('web.other.lab', port, { certificate: 'missing' }),
    route('web.elsewhere.lab', port, { certificate: 'apps' }),
  );
  expect(report.status).toBe('running');
  expect(report.errors.map((error) => error.stderrTail)).toEqual([
    'certificate "apps" is for *.apps.lab, not for web.elsewhere.lab',
    'certificate "missing" is missing or set aside itself',
  ]);
});

test('a stream whose port is taken is set aside, nginx goes back, and the stream is tried again when it is free', async () => {
  const squatter = createTcpServer();
  await once(squatter.listen(0, '127.0.0.1'), 'listening');
  const taken = (squatter.address() as AddressInfo).port;
  const report = await host.apply(stream('tcp', taken, port), route('web2.apps.lab', port));
  expect(report.errors).toMatchObject([{ resource: { kind: 'streamRoute' }, stage: 'verify' }]);
  expect(report.errors[0]?.stderrTail).toMatch(/bind\(\) to .* failed \(98: Address already in use\)/);
  expect((await host.get('web2.apps.lab')).status).toBe(200);
  const asked = await host.apply();
  expect(asked.errors).toMatchObject([{ resource: { kind: 'streamRoute' } }]);
  expect(asked.timingsMs).not.toHaveProperty('reload');
  expect(host.applyRequests).toBe(0);

  squatter.close();
  await waitFor(() => host.applyRequests > 0, { what: 'the wish to try again' });
  expect(await host.apply(route('web3.apps.lab', port))).toMatchObject({ status: 'running', errors: [] });
});

test('what is refused without a hint is found by halving', async () => {
  const binary = join(await mkdtemp(join(tmpdir(), 'berth-judge-')), 'nginx');
  const judge = 'case " $* " in *" -t "*) grep -rq poison "$4" && { echo mysterious >&2; exit 1; } ;; esac';
  await writeFile(binary, `#!/bin/sh\n${judge}\nexec /usr/sbin/nginx "$@"\n`, { mode: 0o755 });
  const strict = await NginxHost.start({ binary });
  const names = ['a', 'poison1', 'b', 'c', 'poison2', 'd'].map((name) => `${name}.apps.lab`);
  const report = await strict.apply(await certificate('apps', '*.apps.lab'), ...names.map((name) => route(name, port)));
  expect(report.status).toBe('running');
  expect(report.errors.map((error) => [error.resource?.name, error.stderrTail])).toEqual([
    ['poison1.apps.lab', 'mysterious'],
    ['poison2.apps.lab', 'mysterious'],
  ]);
  expect((await strict.get('d.apps.lab')).status).toBe(200);
  await strict.close();
  await rm(dirname(binary), { recursive: true });
});

test('an option that nginx refuses sets aside the routes that want it, with its words, and no other', async () => {
  const binary = join(await mkdtemp(join(tmpdir(), 'berth-judge-')), 'nginx');
  const refuse = 'at=$(cd "$4" && grep -rn X-Poison layouts | head -1 | cut -d: -f1,2)';
  const judge = `case " $* " in *" -t "*) ${refuse}; [ -n "$at" ] && { echo "nginx: [emerg] no such header in $4$at" >&2; exit 1; } ;; esac`;
  await writeFile(binary, `#!/bin/sh\n${judge}\nexec /usr/sbin/nginx "$@"\n`, { mode: 0o755 });
  const strict = await NginxHost.start({ binary });
  const options = { requestHeaders: [{ name: 'X-Poison', value: 'x' }] };
  const bad = ['bad1', 'bad2'].map((name) => route(`${name}.apps.lab`, port, { options }));
  const gzip = route('gzip.apps.lab', port, { options: { gzip: true } });
  const report = await strict.apply(await certificate('apps', '*.apps.lab'), ...bad, gzip, route('web.apps.lab', port));
  expect(report.status).toBe('running');
  expect(report.errors.map(({ resource, stage }) => [resource?.name, stage])).toEqual([
    ['bad1.apps.lab', 'validate'],
    ['bad2.apps.lab', 'validate'],
  ]);
  expect(report.errors[0]?.stderrTail).toMatch(/no such header in layouts\/[0-9a-f]+\.conf:\d+/);
  for (const name of ['gzip', 'web']) expect((await strict.get(`${name}.apps.lab`)).status).toBe(200);
  expect((await strict.get('bad1.apps.lab')).status).toBe(404);
  await strict.close();
  await rm(dirname(binary), { recursive: true });
});

test('a swap that a crash interrupted is undone, and the set applied again', async () => {
  const store = new ReleaseStore(host.path());
  await host.role.stop();
  await store.activate(await store.stage(new Map([['nginx.conf', { content: 'half of a' }]]), 'interrupted'));
  await host.restartRole();
  expect((await store.current())?.id).not.toBe('interrupted');
  expect(await host.apply(route('web2.apps.lab', port))).toMatchObject({ status: 'running', errors: [] });
  expect((await host.get('web2.apps.lab')).status).toBe(200);
});

test('a managed file that somebody edits or deletes is put back within five seconds, and reported', async () => {
  const file = host.path('current', 'pages.conf');
  const before = await readFile(file, 'utf8');
  await writeFile(file, '# mine now\n');
  await waitFor(async () => (await readFile(file, 'utf8')) === before, { timeoutMs: 5000, what: 'the repair' });
  await waitFor(() => drifts(host.reports).includes('changed'), { what: 'the report' });
  await rm(file);
  await waitFor(() => readFile(file, 'utf8'), { timeoutMs: 5000, what: 'the file to be back' });
  await waitFor(() => drifts(host.reports).includes('deleted'), { what: 'the second report' });
  expect((await host.get('web1.apps.lab')).status).toBe(200);
});

test('a restarted agent finds its configuration served and reloads nothing', async () => {
  const workers = await workersOf(host);
  await host.restartRole();
  expect(await host.apply()).toMatchObject({ status: 'running' });
  expect(await workersOf(host)).toBe(workers);
});

test('nginx killed is started again, though its orphaned workers hold the ports', async () => {
  const killed = await host.masterPid();
  process.kill(killed, 'SIGKILL');
  const pid = await waitFor(async () => {
    const now = await host.masterPid();
    return now !== killed && isAlive(now) && now;
  });
  expect(pid).not.toBe(killed);
  expect((await host.get('web1.apps.lab')).status).toBe(200);
});

test('workers that linger for their connections are bounded', async () => {
  const sockets = [];
  for (let index = 0; index < 5; index += 1) {
    const options = { host: '127.0.0.1', port: host.httpsPort, servername: 'web1.apps.lab', rejectUnauthorized: false };
    const socket = connectTls(options);
    socket.on('error', () => socket.destroy());
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: web1.apps.lab\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 101/);
    sockets.push(socket);
    await host.apply(route(`more${index}.apps.lab`, port));
  }
  await waitFor(async () => (await workersOf(host)).split(' ').length <= 4, { what: 'the oldest workers to end' });
  const [first, last] = [sockets[0], sockets[4]];
  expect([first?.closed, last?.closed]).toEqual([true, false]);
  for (const socket of sockets) socket.destroy();
});

function drifts(reports: readonly Report[]): string[] {
  return reports.flatMap((report) => (report.case === 'driftReport' ? [report.value.kind] : []));
}

async function workersOf(nginx: NginxHost): Promise<string> {
  const master = await nginx.masterPid();
  return (await readFile(`/proc/${master}/task/${master}/children`, 'utf8')).trim();
}
