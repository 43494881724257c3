/** Several services behind one name, by the paths below it. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificate, NginxHost, route } from './nginx-host.ts';

let host: NginxHost;
const backends: Server[] = [];
const ports: Record<string, number> = {};

async function backend(name: string): Promise<number> {
  const server = createServer((incoming, response) => {
    response.end(JSON.stringify({ name, url: incoming.url, headers: incoming.headers }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  backends.push(server);
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  for (const name of ['root', 'api', 'v2']) ports[name] = await backend(name);
  host = await NginxHost.start();
  const report = await host.apply(
    await certificate('apps', '*.apps.lab'),
    route('split.apps.lab', ports.root ?? 0),
    route('split.apps.lab', ports.api ?? 0, { path: '/api' }),
    route('split.apps.lab', ports.v2 ?? 0, { path: '/api/v2/', options: { stripPath: true } }),
    route('partial.apps.lab', ports.api ?? 0, { path: '/only/this' }),
  );
  expect(report).toMatchObject({ status: 'running', errors: [] });
});
afterAll(async () => {
  await host.close();
  for (const server of backends) {
    server.closeAllConnections();
    server.close();
  }
});

async function reached(path: string): Promise<[string, string]> {
  const { body } = await host.get('split.apps.lab', path);
  const { name, url } = JSON.parse(body);
  return [name, url];
}

test('the longest prefix of whole segments wins', async () => {
  expect(await reached('/')).toEqual(['root', '/']);
  expect(await reached('/apix')).toEqual(['root', '/apix']);
  expect(await reached('/api')).toEqual(['api', '/api']);
  expect(await reached('/api?q=1')).toEqual(['api', '/api?q=1']);
  expect(await reached('/api/x%2Fy?q=a%20b')).toEqual(['api', '/api/x%2Fy?q=a%20b']);
  expect(await reached('/api/v2x')).toEqual(['api', '/api/v2x']);
  expect(await reached('/api/v2/x')).toEqual(['v2', '/x']);
});

test('a prefix that is taken off leaves everything else as it was sent, and is told', async () => {
  expect(await reached('/api/v2')).toEqual(['v2', '/']);
  expect(await reached('/api/v2?q=%2F')).toEqual(['v2', '/?q=%2F']);
  expect(await reached('/api/v2/a%2Fb/../c?d=e')).toEqual(['v2', '/a%2Fb/../c?d=e']);
  const { body } = await host.get('split.apps.lab', '/api/v2/x', { headers: { 'x-forwarded-prefix': '/lies' } });
  expect(JSON.parse(body).headers['x-forwarded-prefix']).toBe('/api/v2');
});

test('a prefix written in another way than plainly is not guessed at', async () => {
  expect((await host.get('split.apps.lab', '/api/%762/x')).status).toBe(404);
  expect((await host.get('split.apps.lab', '//api/v2/x')).status).toBe(404);
});

test('a name of which some paths are served leads there over plain HTTP, and to nothing elsewhere', async () => {
  expect((await host.get('partial.apps.lab', '/only/this/page')).status).toBe(200);
  expect((await host.get('partial.apps.lab', '/only')).status).toBe(404);
  expect((await host.get('partial.apps.lab')).headers['x-berth-error']).toBe('not_found');
  expect((await host.getPlain('partial.apps.lab', '/only/this')).status).toBe(301);
});

test('the same prefix in other case is the same claim; the first keeps it', async () => {
  const report = await host.apply(route('split.apps.lab', ports.root ?? 0, { path: '/API' }));
  expect(report.errors.map(({ resource }) => resource?.name)).toEqual(['split.apps.lab/api']);
  host.resources.delete('httpRoute/split.apps.lab/API');
  expect(await host.apply()).toMatchObject({ status: 'running', errors: [] });
});
