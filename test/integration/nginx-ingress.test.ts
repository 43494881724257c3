/** What holds for the ingress as a whole: load balancers in front, and who is believed about a client's address. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CommandSchema, ProbeReach } from '@berth/proto/agent/v1/command_pb.js';
import type { IngressSchema } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { certificate, NginxHost, route, stream } from './nginx-host.ts';

let host: NginxHost;
let backend: Server;
let port: number;

beforeAll(async () => {
  backend = createServer((incoming, response) => response.end(JSON.stringify(incoming.headers)));
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  port = (backend.address() as AddressInfo).port;
  host = await NginxHost.start();
  await host.apply(
    await certificate('apps', '*.apps.lab'),
    route('web.apps.lab', port),
    route('inside.apps.lab', port, { options: { access: { allow: ['192.0.2.0/24'] } } }),
    route('locked.apps.lab', port, { options: { maintenance: {} } }),
  );
});
afterAll(async () => {
  await host.close();
  backend.closeAllConnections();
  backend.close();
});

async function ingress(value: MessageInitShape<typeof IngressSchema>): Promise<void> {
  const report = await host.apply(makeResource('ingress', { case: 'ingress', value }));
  expect(report).toMatchObject({ status: 'running', errors: [] });
}

async function seen(headers: Record<string, string>, from?: string): Promise<Record<string, string>> {
  return JSON.parse((await host.get('web.apps.lab', '/', { headers, ...(from && { from }) })).body);
}

/** A request that begins with a PROXY protocol header. */
function behindProxy(name: string, client: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const createConnection = () => {
      const socket = connect({ host: '127.0.0.1', port: host.httpsPort });
      socket.write(`PROXY TCP4 ${client} 198.51.100.1 40000 443\r\n`);
      socket.on('error', reject);
      return connectTls({ socket, servername: name, rejectUnauthorized: false });
    };
    const call = request({ headers: { host: name }, createConnection }, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode ?? 0, body });
    });
    call.on('error', reject);
    call.end();
  });
}

test('nobody is believed about where he comes from', async () => {
  const headers = { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1' };
  const told = await seen({ ...headers, 'x-forwarded-proto': 'ftp', 'x-forwarded-host': 'evil.example' });
  expect(told).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' });
  expect(told).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-host': told.host });
  expect(told).not.toHaveProperty('forwarded');
});

test('a trusted proxy is, and the last address that is not one of them is the client', async () => {
  await ingress({ trustedProxies: ['127.0.0.1', '10.0.0.0/8'] });
  const chain = { 'x-forwarded-for': '203.0.113.9, 192.0.2.1, 10.1.1.1' };
  expect(await seen(chain)).toMatchObject({ 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1' });
  expect(await seen(chain, '127.0.0.5')).toMatchObject({ 'x-forwarded-for': '127.0.0.5' });
  const inside = (headers: Record<string, string>) => host.get('inside.apps.lab', '/', { headers });
  expect((await inside({ 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
  expect((await inside({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(403);
});

test('the PROXY protocol tells the client on all ports, from trusted proxies only', async () => {
  const tcp = await freePort();
  const greeter = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk) => socket.end(String(chunk)));
  });
  await once(greeter.listen(0, '127.0.0.1'), 'listening');
  const access = { allow: ['192.0.2.0/24'] };
  await host.apply(stream('tcp', tcp, (greeter.address() as AddressInfo).port, { access, sendProxyProtocol: true }));
  await ingress({ trustedProxies: ['127.0.0.1'], proxyProtocol: true });
  expect(JSON.parse((await behindProxy('web.apps.lab', '192.0.2.7')).body)).toMatchObject({
    'x-forwarded-for': '192.0.2.7',
    'x-real-ip': '192.0.2.7',
  });
  expect((await behindProxy('inside.apps.lab', '192.0.2.7')).status).toBe(200);
  expect((await behindProxy('inside.apps.lab', '203.0.113.7')).status).toBe(403);
  await expect(host.get('web.apps.lab')).rejects.toThrow();
  const heard = await overTcp(tcp, '192.0.2.7');
  expect(heard).toMatch(/^PROXY TCP4 192.0.2.7 /);
  expect(await overTcp(tcp, '203.0.113.7')).toBe('');
  await ingress({ trustedProxies: ['10.9.9.9'], proxyProtocol: true });
  expect(JSON.parse((await behindProxy('web.apps.lab', '192.0.2.7')).body)['x-forwarded-for']).toBe('127.0.0.1');
  greeter.close();
});

async function overTcp(tcp: number, client: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: tcp });
  socket.write(`PROXY TCP4 ${client} 198.51.100.1 40000 ${tcp}\r\nhello`);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  // What is refused is refused with something unread, so the end may be a reset.
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return text;
}

test("the agent's own probe says first who it is, and takes a page that is meant to be there for an answer", async () => {
  await ingress({ trustedProxies: [], proxyProtocol: true });
  for (const [name, httpStatus] of [
    ['web.apps.lab', 200],
    ['inside.apps.lab', 403],
    ['locked.apps.lab', 503],
  ] as const) {
    const target = { case: 'httpHost' as const, value: name };
    const value = { target, backend: { address: '127.0.0.1', port }, timeoutMs: 2000 };
    const command = create(CommandSchema, { id: 'c1', task: { case: 'probeRoute', value } });
    const notes = { read: () => ({}), write: async () => undefined };
    const context = { signal: new AbortController().signal, progress: () => undefined, notes };
    const outcome = await host.role.execute(command, context);
    expect(outcome).toMatchObject({ ok: true, success: { probe: { reach: ProbeReach.ANSWERED, httpStatus } } });
  }
});

test('a proxy that is no address is reported, and the rest holds', async () => {
  const value = { trustedProxies: ['127.0.0.1', 'example.org'], proxyProtocol: false };
  const report = await host.apply(makeResource('ingress', { case: 'ingress', value }));
  expect(report.errors.map(({ stderrTail }) => stderrTail)).toEqual([
    'trusted proxy "example.org" is no address and no network',
  ]);
  expect(await seen({ 'x-forwarded-for': '192.0.2.1' })).toMatchObject({ 'x-forwarded-for': '192.0.2.1' });
});
