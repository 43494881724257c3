/** TCP by name: several services on one port, told apart by the name a client asks for in its TLS greeting. */

import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Resource, StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { certificate, NginxHost, stream } from './nginx-host.ts';

let host: NginxHost;
let apps: Resource;
const servers: Server[] = [];

beforeAll(async () => {
  host = await NginxHost.start();
  apps = await certificate('apps', '*.apps.lab');
  await host.apply(apps, await certificate('shop', 'shop.example'));
});
afterAll(async () => {
  await host.close();
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Says its name, and then what it hears, in brackets. */
function speaker(name: string): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => socket.write(`${name}[${chunk}]`));
  };
}

/** Opens TLS to a port with a name. @throws when there is no handshake */
async function open(port: number, servername: string | undefined, from = '127.0.0.1'): Promise<TLSSocket> {
  const raw = connect({ host: '127.0.0.1', port, localAddress: from });
  const socket = connectTls({ socket: raw, rejectUnauthorized: false, ...(servername && { servername }) });
  raw.on('error', (error) => socket.destroy(error));
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  return socket;
}

async function talk(socket: Socket): Promise<string> {
  socket.write('hello');
  const [chunk] = await once(socket, 'data');
  socket.destroy();
  return String(chunk);
}

test('TLS ends at the port with the certificate of the name, and an unknown name gets no handshake', async () => {
  const port = await freePort();
  const ended = { tls: StreamTls.TERMINATE };
  const report = await host.apply(
    stream('tcp', port, await listening(createServer(speaker('one'))), {
      ...ended,
      host: 'one.apps.lab',
      certificate: 'apps',
    }),
    stream('tcp', port, await listening(createServer(speaker('two'))), {
      ...ended,
      host: 'two.apps.lab',
      certificate: 'apps',
    }),
    stream('tcp', port, await listening(createServer(speaker('shop'))), {
      ...ended,
      host: 'shop.example',
      certificate: 'shop',
    }),
  );
  expect(report).toMatchObject({ status: 'running', errors: [] });
  const one = await open(port, 'one.apps.lab');
  expect(one.getPeerCertificate().subjectaltname).toBe('DNS:*.apps.lab');
  expect(one.getProtocol()).toBe('TLSv1.3');
  expect(await talk(one)).toBe('one[hello]');
  expect(await talk(await open(port, 'TWO.apps.lab'))).toBe('two[hello]');
  const shop = await open(port, 'shop.example');
  expect(shop.getPeerCertificate().subjectaltname).toBe('DNS:shop.example');
  expect(await talk(shop)).toBe('shop[hello]');
  await expect(open(port, 'three.apps.lab')).rejects.toThrow();
  await expect(open(port, undefined)).rejects.toThrow();
  for (const name of await readdir(host.path('current'))) {
    if (name.includes('keys')) expect((await stat(host.path('current', name))).mode & 0o777).toBe(0o600);
  }
});

test('TLS passes through to the service of the name, and an unknown name is closed', async () => {
  const { body } = apps;
  if (body.case !== 'certificate') throw new Error('not a certificate');
  const own = { key: body.value.keyPem, cert: body.value.chainPem };
  const port = await freePort();
  const report = await host.apply(
    stream('tcp', port, await listening(createTlsServer(own, speaker('db1'))), {
      tls: StreamTls.PASS_THROUGH,
      host: 'db1.apps.lab',
    }),
    stream('tcp', port, await listening(createTlsServer(own, speaker('db2'))), {
      tls: StreamTls.PASS_THROUGH,
      host: 'db2.apps.lab',
    }),
  );
  expect(report).toMatchObject({ status: 'running', errors: [] });
  expect(await talk(await open(port, 'db1.apps.lab'))).toBe('db1[hello]');
  expect(await talk(await open(port, 'db2.apps.lab'))).toBe('db2[hello]');
  await expect(open(port, 'db3.apps.lab')).rejects.toThrow();
});

test('a backend that wants it is told the client by the PROXY protocol, also when TLS ends before it', async () => {
  const heard: string[] = [];
  const backend = await listening(
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      // The header and what follows it may come in one piece or in two.
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        if (!text.endsWith('hello')) return;
        heard.push(text);
        socket.write('heard');
      });
    }),
  );
  const [bare, ended] = [await freePort(), await freePort()];
  const wants = { sendProxyProtocol: true };
  await host.apply(
    stream('tcp', bare, backend, wants),
    stream('tcp', ended, backend, { ...wants, tls: StreamTls.TERMINATE, host: 'p.apps.lab', certificate: 'apps' }),
  );
  expect(await talk(connect({ host: '127.0.0.1', port: bare, localAddress: '127.0.0.7' }))).toBe('heard');
  expect(await talk(await open(ended, 'p.apps.lab', '127.0.0.8'))).toBe('heard');
  const text = heard.join('\n');
  expect(text).toMatch(new RegExp(`PROXY TCP4 127.0.0.7 127.0.0.1 \\d+ ${bare}\r\n`));
  expect(text).toMatch(new RegExp(`PROXY TCP4 127.0.0.8 127.0.0.1 \\d+ ${ended}\r\n`));
});

test('only addresses on the list come through; what is denied does not, though it is allowed', async () => {
  const port = await freePort();
  const access = { allow: ['127.0.0.0/29'], deny: ['127.0.0.3'] };
  await host.apply(stream('tcp', port, await listening(createServer(speaker('in'))), { access }));
  const from = (localAddress: string) => talk(connect({ host: '127.0.0.1', port, localAddress }));
  expect(await from('127.0.0.2')).toBe('in[hello]');
  await expect(closes(connect({ host: '127.0.0.1', port, localAddress: '127.0.0.3' }))).resolves.toBe('');
  await expect(closes(connect({ host: '127.0.0.1', port, localAddress: '127.0.0.9' }))).resolves.toBe('');
});

/** What a connection says before it ends. */
async function closes(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return text;
}
