/** What people may want of an HTTP route, each by what a client and a backend notice of it. */

import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { HttpOptionsSchema } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestCertificate } from './nginx-certificate.ts';
import { certificate, NginxHost, route } from './nginx-host.ts';

/** "letmein" as crypt(3) of every Linux knows it. */
const HASH = '$6$berthsalt$sOD2oP35l/Z3OwB.3a4kaTh0Lspu.DHZwyiDgP.0zLkV/A7Vnn8wipY0J8kmX2YZ/jYgkls9fhGavrYHnpVFd.';
const LONG_TEXT = 'compress me, please. '.repeat(500);

let host: NginxHost;
let backend: Server;
let port: number;

beforeAll(async () => {
  backend = createServer(answer);
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  port = (backend.address() as AddressInfo).port;
  host = await NginxHost.start();
  expect(await host.apply(await certificate('apps', '*.apps.lab'))).toMatchObject({ status: 'running', errors: [] });
});
afterAll(async () => {
  await host.close();
  backend.closeAllConnections();
  backend.close();
});

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  if (incoming.url === '/never') return;
  if (incoming.url === '/long') return void response.writeHead(200, { 'content-type': 'text/plain' }).end(LONG_TEXT);
  if (incoming.url === '/missing') return void response.writeHead(404, { 'x-old': 'backend' }).end('no such thing');
  incoming.resume();
  incoming.on('end', () => {
    response.setHeader('X-Old', 'backend');
    response.setHeader('X-Secret', 'backend');
    response.end(JSON.stringify(incoming.headers));
  });
}

async function serve(name: string, options: MessageInitShape<typeof HttpOptionsSchema>): Promise<string> {
  const report = await host.apply(route(`${name}.apps.lab`, port, { options }));
  expect(report).toMatchObject({ status: 'running', errors: [] });
  return `${name}.apps.lab`;
}

test('plain HTTP is served beside HTTPS, and tells the backend so', async () => {
  const name = await serve('plain', { plainHttp: true });
  const answered = await host.getPlain(name);
  expect(answered.status).toBe(200);
  expect(JSON.parse(answered.body)).toMatchObject({
    host: `${name}:${host.httpPort}`,
    'x-forwarded-proto': 'http',
    'x-forwarded-port': String(host.httpPort),
  });
  const seen = JSON.parse((await host.get(name)).body);
  expect(seen).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-port': String(host.httpsPort) });
});

test('a challenge is answered on a name that is served over plain HTTP, and other tokens go on to the guest', async () => {
  const name = await serve('acme', { plainHttp: true });
  const value = { host: name, token: 'tok', keyAuthorization: 'tok.thumb' };
  await host.apply(makeResource('plain challenge', { case: 'acmeChallenge', value }));
  expect((await host.getPlain(name, '/.well-known/acme-challenge/tok')).body).toBe('tok.thumb');
  expect((await host.getPlain(name, '/.well-known/acme-challenge/other')).body).toContain('x-forwarded-for');
});

test('of two paths of a name, only the one that is meant to is served over plain HTTP', async () => {
  await host.apply(
    route('half.apps.lab', port),
    route('half.apps.lab', port, { path: '/open', options: { plainHttp: true } }),
  );
  expect((await host.getPlain('half.apps.lab', '/open/x')).status).toBe(200);
  const redirect = await host.getPlain('half.apps.lab', '/x?y');
  expect([redirect.status, redirect.headers.location]).toEqual([301, `https://half.apps.lab:${host.httpsPort}/x?y`]);
});

test('a body beyond the limit gets a page of its own', async () => {
  const name = await serve('small', { maxBodyBytes: 1000n });
  expect((await host.get(name, '/', { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200);
  const refused = await host.get(name, '/', { method: 'POST', body: 'x'.repeat(1001) });
  expect([refused.status, refused.headers['x-berth-error']]).toEqual([413, 'too_large']);
});

test('a backend that takes too long gets a page of its own', async () => {
  const name = await serve('slow', { timeoutSeconds: 1 });
  const late = await host.get(name, '/never');
  expect([late.status, late.headers['x-berth-error']]).toEqual([504, 'gateway_timeout']);
});

test('text is compressed where that is wanted, and nowhere else', async () => {
  const name = await serve('gzip', { gzip: true });
  const headers = { 'accept-encoding': 'gzip' };
  const packed = await host.get(name, '/long', { headers });
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
  expect(gunzipSync(packed.bytes).toString()).toBe(LONG_TEXT);
  expect((await host.get(await serve('loose', {}), '/long', { headers })).body).toBe(LONG_TEXT);
});

test('headers of the request are set and removed, and the usual ones still come', async () => {
  const requestHeaders = [
    { name: 'X-Team', value: "it's ours; {1}" },
    { name: 'Accept-Language', value: '' },
    { name: 'X-Real-IP', value: 'hidden' },
  ];
  const name = await serve('request-rules', { requestHeaders });
  const seen = JSON.parse((await host.get(name, '/', { headers: { 'accept-language': 'de', 'x-team': 'lies' } })).body);
  expect(seen).toMatchObject({ 'x-team': "it's ours; {1}", 'x-real-ip': 'hidden', 'x-forwarded-for': '127.0.0.1' });
  expect(seen).not.toHaveProperty('accept-language');
});

test('headers of the answer are set and removed, also on what is no success', async () => {
  const responseHeaders = [
    { name: 'X-Old', value: 'ours' },
    { name: 'X-Secret', value: '' },
    { name: 'Content-Security-Policy', value: "default-src 'self'; img-src *" },
  ];
  const name = await serve('answer-rules', { responseHeaders });
  const { headers } = await host.get(name);
  expect(headers).toMatchObject({ 'x-old': 'ours', 'content-security-policy': "default-src 'self'; img-src *" });
  expect(headers).not.toHaveProperty('x-secret');
  expect((await host.get(name, '/missing')).headers['x-old']).toBe('ours');
});

test('an access list lets in what is allowed and not denied', async () => {
  const name = await serve('listed', { access: { allow: ['127.0.0.0/29'], deny: ['127.0.0.3/32'] } });
  expect((await host.get(name, '/', { from: '127.0.0.2' })).status).toBe(200);
  for (const from of ['127.0.0.3', '127.0.0.9']) {
    const refused = await host.get(name, '/', { from });
    expect([refused.status, refused.headers['x-berth-error']]).toEqual([403, 'forbidden']);
  }
});

test('a rate holds for one client at one route', async () => {
  const options = { rateLimit: { requestsPerSecond: 1, burst: 2 } };
  const [one, other] = [await serve('rate1', options), await serve('rate2', options)];
  const statuses = [];
  for (let index = 0; index < 6; index += 1) statuses.push((await host.get(one)).status);
  expect(statuses.slice(0, 3)).toEqual([200, 200, 200]);
  expect(statuses).toContain(429);
  const refused = await host.get(one);
  expect(refused.headers).toMatchObject({ 'x-berth-error': 'too_many_requests', 'retry-after': '1' });
  expect((await host.get(one, '/', { from: '127.0.0.2' })).status).toBe(200);
  expect((await host.get(other)).status).toBe(200);
});

test('requests at the same time are counted for one client', async () => {
  const name = await serve('few', { rateLimit: { connections: 1 } });
  const hanging = host.get(name, '/never', { method: 'POST' }).catch(() => undefined);
  await once(backend, 'request');
  expect((await host.get(name)).status).toBe(429);
  expect((await host.get(name, '/', { from: '127.0.0.2' })).status).toBe(200);
  backend.closeAllConnections();
  await hanging;
});

test('a password is asked for, and not handed on', async () => {
  const users = [{ name: 'ada', passwordHash: HASH }];
  const name = await serve('private', { basicAuth: { realm: 'The lab', users } });
  const asked = await host.get(name);
  expect([asked.status, asked.headers['www-authenticate']]).toEqual([401, 'Basic realm="The lab"']);
  expect(asked.headers['x-berth-error']).toBe('unauthorized');
  const authorization = (text: string) => ({ headers: { authorization: `Basic ${btoa(text)}` } });
  expect((await host.get(name, '/', authorization('ada:wrong'))).status).toBe(401);
  const entered = await host.get(name, '/', authorization('ada:letmein'));
  expect(entered.status).toBe(200);
  expect(JSON.parse(entered.body)).not.toHaveProperty('authorization');
});

test('passwords are readable for the workers alone', async () => {
  const files = await readdir(host.path('current', 'passwords'));
  expect(files).toHaveLength(1);
  const { mode, uid } = await stat(host.path('current', 'passwords', files[0] ?? ''));
  const worker = (await stat(host.path('tmp', 'proxy'))).uid;
  expect([mode & 0o777, uid]).toEqual([0o600, worker]);
});

test('maintenance is a page with its own words instead of the backend', async () => {
  const own = await host.get(await serve('closed', { maintenance: { text: 'Back at 5 <o’clock> $host "sharp"' } }));
  expect([own.status, own.headers['x-berth-error'], own.headers['retry-after']]).toEqual([503, 'maintenance', '300']);
  expect(own.body).toContain('Back at 5 &#60;o&#8217;clock&#62; &#36;host &#34;sharp&#34;');
  const usual = await host.get(await serve('dark', { maintenance: {} }));
  expect([usual.status, usual.headers['x-berth-error'], usual.headers['retry-after']]).toEqual([
    503,
    'maintenance',
    '300',
  ]);
});

test('a backend over TLS is spoken to with the newest TLS and the name it is known by', async () => {
  const { chainPem, keyPem } = await makeTestCertificate(['guest']);
  const own = { key: keyPem, cert: chainPem, minVersion: 'TLSv1.3' as const };
  const server = createTlsServer(own, (incoming, response) => {
    response.end((incoming.socket as unknown as { servername: string }).servername);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await host.apply(route('tls.apps.lab', (server.address() as AddressInfo).port, { tls: true }));
  expect(await host.get('tls.apps.lab')).toMatchObject({ status: 200, body: 'tls.apps.lab' });
  server.closeAllConnections();
  server.close();
});
