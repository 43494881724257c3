import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { checkHash } from '@berth/agents/nginx/hash-check.ts';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { certificate, NginxHost, route, stream } from './nginx-host.ts';

let host: NginxHost;
let backend: Server;
let port: number;

beforeAll(async () => {
  backend = createServer((incoming, response) => {
    const { localAddress } = incoming.socket;
    response.end(JSON.stringify({ localAddress, url: incoming.url, headers: incoming.headers }));
  });
  backend.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  await once(backend.listen(0, '0.0.0.0'), 'listening');
  port = (backend.address() as AddressInfo).port;
  host = await NginxHost.start();
  const report = await host.apply(await certificate('apps', '*.apps.lab'), route('web1.apps.lab', port));
  expect(report).toMatchObject({ status: 'running', errors: [] });
});

afterAll(async () => {
  await host.close();
  backend.closeAllConnections();
  backend.close();
});

test('a route answers over HTTPS and tells its backend who asked', async () => {
  const answer = await host.get('web1.apps.lab', '/a%20b?c=d');
  expect(answer.status).toBe(200);
  const seen = JSON.parse(answer.body);
  expect(seen.url).toBe('/a%20b?c=d');
  expect(seen.headers).toMatchObject({
    host: `web1.apps.lab:${host.httpsPort}`,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': String(host.httpsPort),
    'x-real-ip': '127.0.0.1',
  });
});

test('an unknown name of a known domain gets a page, an unknown domain no handshake', async () => {
  const answer = await host.get('nobody.apps.lab');
  expect(answer.status).toBe(404);
  expect(answer.headers['x-berth-error']).toBe('not_found');
  expect(answer.body).toContain('<h1>404 Not found</h1>');
  await expect(host.get('other.example')).rejects.toThrow(/unrecognized name/i);
});

test('HTTP/2 is offered', async () => {
  const options = { host: '127.0.0.1', port: host.httpsPort, servername: 'web1.apps.lab', rejectUnauthorized: false };
  const socket = connectTls({ ...options, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('h2');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  socket.destroy();
});

test('HTTP leads to HTTPS, but for challenges and unknown names', async () => {
  const redirect = await host.getPlain('web1.apps.lab', '/x?y');
  expect(redirect.status).toBe(301);
  expect(redirect.headers.location).toBe(`https://web1.apps.lab:${host.httpsPort}/x?y`);
  expect((await host.getPlain('nobody.apps.lab')).status).toBe(404);

  const challenge = { host: 'web1.apps.lab', token: 'tok-en_1', keyAuthorization: 'tok-en_1.thumb' };
  await host.apply(makeResource('challenge', { case: 'acmeChallenge', value: challenge }));
  const path = '/.well-known/acme-challenge/tok-en_1';
  expect(await host.getPlain('web1.apps.lab', path)).toMatchObject({ status: 200, body: 'tok-en_1.thumb' });
  expect((await host.getPlain('web2.apps.lab', path)).status).toBe(404);
});

test('each of many routes reaches its own backend', async () => {
  const many = Array.from({ length: 150 }, (_, index) =>
    route(`many${index}.apps.lab`, port, { address: `127.0.${1 + (index >> 6)}.${1 + (index & 63)}` }),
  );
  expect(await host.apply(...many)).toMatchObject({ status: 'running', errors: [] });
  for (const resource of many) {
    if (resource.body.case !== 'httpRoute') continue;
    const { body } = await host.get(resource.body.value.host);
    expect(JSON.parse(body).localAddress).toBe(resource.body.value.backend?.address);
  }
});

test('the installed nginx hashes as expected; another program is found out', async () => {
  expect(await checkHash('/usr/sbin/nginx')).toBe(true);
  expect(await checkHash('/bin/true')).toBe(false);
  expect(await checkHash('/nonexistent/nginx')).toBe(false);
});

test('a stopped backend gives a 502 page and touches no other route', async () => {
  await host.apply(route('gone.apps.lab', await freePort()));
  const answer = await host.get('gone.apps.lab');
  expect(answer.status).toBe(502);
  expect(answer.headers['x-berth-error']).toBe('bad_gateway');
  expect((await host.get('web1.apps.lab')).status).toBe(200);
});

test('a request that may be repeated survives a kept connection that its backend has closed', async () => {
  let connections = 0;
  const fickle = createTcpServer((socket) => {
    connections += 1;
    let requests = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      requests += 1;
      if (requests > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  await once(fickle.listen(0, '127.0.0.1'), 'listening');
  await host.apply(route('fickle.apps.lab', (fickle.address() as AddressInfo).port));
  const answers = [];
  for (let index = 0; index < 6; index += 1) answers.push((await host.get('fickle.apps.lab')).status);
  expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
  expect(connections).toBeGreaterThan(2);
  fickle.close();
});

test('a WebSocket is passed on', async () => {
  const headers = { host: 'web1.apps.lab', upgrade: 'echo', connection: 'Upgrade' };
  const options = { host: '127.0.0.1', port: host.httpsPort, servername: 'web1.apps.lab', headers };
  const call = request({ ...options, rejectUnauthorized: false, agent: false });
  call.end();
  const [response, socket] = await once(call, 'upgrade');
  expect(response.statusCode).toBe(101);
  socket.write('ping');
  expect(String((await once(socket, 'data'))[0])).toBe('ping');
  socket.destroy();
});

test('an upload reaches its backend while it is still being sent, whatever its size', async () => {
  const sizes: number[] = [];
  const sink = createServer((incoming, response) => {
    incoming.on('data', (chunk: Buffer) => sizes.push(chunk.length));
    incoming.on('end', () => response.end(String(sizes.reduce((sum, size) => sum + size, 0))));
  });
  await once(sink.listen(0, '127.0.0.1'), 'listening');
  await host.apply(route('sink.apps.lab', (sink.address() as AddressInfo).port));
  const options = { host: '127.0.0.1', port: host.httpsPort, servername: 'sink.apps.lab', method: 'POST' };
  const headers = { host: 'sink.apps.lab', 'content-length': 3_000_000_000 };
  const call = request({ ...options, headers, rejectUnauthorized: false, agent: false });
  call.on('error', () => call.destroy());
  call.write('first piece');
  await expect.poll(() => sizes, { timeout: 5000 }).toEqual([11]);
  call.destroy();
  sink.closeAllConnections();
  sink.close();
});

test('TCP and UDP streams carry data', async () => {
  const echo = createTcpServer((socket) => socket.pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const udpEcho = createSocket('udp4');
  udpEcho.on('message', (message, from) => udpEcho.send(message, from.port, from.address));
  await once(udpEcho.bind(0, '127.0.0.1'), 'listening');
  const [tcp, udp] = [await freePort(), await freePort()];
  const echoPort = (echo.address() as AddressInfo).port;
  const report = await host.apply(stream('tcp', tcp, echoPort), stream('udp', udp, udpEcho.address().port));
  expect(report).toMatchObject({ status: 'running', errors: [] });

  const socket = connect(tcp, '127.0.0.1');
  socket.write('over tcp');
  expect(String((await once(socket, 'data'))[0])).toBe('over tcp');
  socket.destroy();
  const client = createSocket('udp4');
  client.send('over udp', udp, '127.0.0.1');
  expect(String((await once(client, 'message'))[0])).toBe('over udp');
  client.close();
  udpEcho.close();
  echo.close();
});

test('keys are readable for root only', async () => {
  const files = await readdir(host.path('current', 'certificates'));
  const keys = files.filter((file) => file.endsWith('.key'));
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect((await stat(host.path('current', 'certificates', key))).mode & 0o777).toBe(0o600);
});
