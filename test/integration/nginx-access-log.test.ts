/** The log of requests: a line of JSON for each, whatever a client sends, and kept within bounds by the agent. */

import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { certificate, NginxHost, route } from './nginx-host.ts';

const FIELDS = [
  'at',
  'client',
  'host',
  'method',
  'uri',
  'status',
  'bytes',
  'seconds',
  'backend',
  'backend_seconds',
  'protocol',
  'tls',
  'agent',
  'referer',
  'id',
  'user',
];

let host: NginxHost;
let backend: Server;
let port: number;

beforeAll(async () => {
  backend = createServer((incoming, response) => {
    response.setHeader('X-Seen-Id', incoming.headers['x-request-id'] ?? '');
    response.end('ok');
  });
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  port = (backend.address() as AddressInfo).port;
  host = await NginxHost.start({ accessLogRotation: { maxBytes: 65_536, keep: 2 } });
  await host.apply(
    await certificate('apps', '*.apps.lab'),
    route('web.apps.lab', port),
    route('web.apps.lab', port, { path: '/api' }),
  );
});
afterAll(async () => {
  await host.close();
  backend.closeAllConnections();
  backend.close();
});

async function lines(file = 'access.log'): Promise<Record<string, unknown>[]> {
  const text = await readFile(host.path('log', file), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The line of the first request with this marker in its URI, once it is written. */
function lineOf(marker: string): Promise<Record<string, unknown>> {
  return waitFor(async () => (await lines()).find(({ uri }) => String(uri).includes(marker)), { what: marker });
}

/** The identifier that the backend is told. */
async function idOf(agent: Agent | false): Promise<unknown> {
  const address = { host: '127.0.0.1', port: host.httpsPort, servername: 'web.apps.lab', rejectUnauthorized: false };
  const call = request({ ...address, agent, headers: { host: 'web.apps.lab' } }).end();
  const [response] = await once(call, 'response');
  await once(response.resume(), 'end');
  return response.headers['x-seen-id'];
}

/** Sends bytes as they are, over TLS or in the clear, and waits for the end. */
async function sendRaw(bytes: Buffer, tls = true): Promise<void> {
  const socket = tls
    ? connect({ host: '127.0.0.1', port: host.httpsPort, servername: 'web.apps.lab', rejectUnauthorized: false })
    : connectPlain({ host: '127.0.0.1', port: host.httpPort });
  await once(socket, tls ? 'secureConnect' : 'connect');
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(bytes);
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
}

test('a line says who asked what of which service, and what came of it', async () => {
  const headers = { 'user-agent': 'curl/8', referer: 'https://elsewhere.example/' };
  const answer = await host.get('web.apps.lab', '/first?q=1', { headers });
  const line = await lineOf('/first');
  expect(Object.keys(line)).toEqual(FIELDS);
  expect(line).toMatchObject({
    client: '127.0.0.1',
    host: 'web.apps.lab',
    method: 'GET',
    uri: '/first?q=1',
    status: 200,
    bytes: 2,
    backend: `127.0.0.1:${port}`,
    protocol: 'HTTP/1.1',
    tls: 'TLSv1.3',
    agent: 'curl/8',
    referer: 'https://elsewhere.example/',
    id: answer.headers['x-seen-id'],
    user: '',
  });
  expect(line.id).toMatch(/^[0-9.-]{1,64}$/);
});

test('no two requests have the same identifier, on one connection or on many', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ids: unknown[] = [];
  for (let count = 0; count < 20; count += 1) ids.push(await idOf(agent));
  agent.destroy();
  ids.push(...(await Promise.all(Array.from({ length: 20 }, () => idOf(false)))));
  expect(new Set(ids).size).toBe(40);
});

test('nothing a client sends breaks a line', async () => {
  const hostile = [
    Buffer.from(
      'GET /evil-quote"}\\ HTTP/1.1\r\nHost: web.apps.lab\r\nUser-Agent: a"b\\c\td\r\nConnection: close\r\n\r\n',
    ),
    Buffer.from(
      'GET /evil-bytes\xff\xfe\x80 HTTP/1.1\r\nHost: web.apps.lab\r\nReferer: \xe2\x80\xa8\xff\r\nConnection: close\r\n\r\n',
      'latin1',
    ),
    Buffer.from(
      'GET /evil-control HTTP/1.1\r\nHost: web.apps.lab\r\nUser-Agent: \x01\x1b[31m\x7f\r\nConnection: close\r\n\r\n',
      'latin1',
    ),
    Buffer.from('GET /evil-old\r\n'),
    Buffer.from('\x16\x03\x01 no HTTP at all\r\n\r\n', 'latin1'),
    Buffer.from('GET /evil-host HTTP/1.1\r\nHost: "},{"\r\n\r\n'),
    Buffer.from('GET /evil-unfinished HTTP/1.1\r\nHost: web'),
  ];
  for (const bytes of hostile) for (const tls of [true, false]) await sendRaw(bytes, tls);
  await host.get('web.apps.lab', '/evil-last');
  await lineOf('/evil-last');
  const written = await lines();
  for (const line of written) {
    expect(Object.keys(line)).toEqual(FIELDS);
    expect(Number.isInteger(line.status)).toBe(true);
  }
  expect(written.find(({ uri }) => String(uri).startsWith('/evil-quote'))?.agent).toBe('a"b\\c\td');
});

test('a log that has grown moves away, its writers follow, and nobody else may read it', async () => {
  const headers = { 'user-agent': 'x'.repeat(2000) };
  for (let index = 0; index < 60; index += 1) await host.get('web.apps.lab', `/fill${index}`, { headers });
  await waitFor(async () => (await readdir(host.path('log'))).includes('access.log.1'), { what: 'the rotation' });
  await waitFor(
    async () => {
      await host.get('web.apps.lab', '/after');
      return (await lines()).some(({ uri }) => uri === '/after');
    },
    { what: 'a line in the new log' },
  );
  expect((await lines('access.log.1')).length).toBeGreaterThan(10);
  expect((await stat(host.path('log'))).mode & 0o077).toBe(0);
});
