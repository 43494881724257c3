/** TLS as clients see it, and what a name that is not served reveals. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { runProgram } from '@berth/agents/shared/run-program.ts';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTestChain } from './nginx-certificate.ts';
import { certificate, NginxHost, route } from './nginx-host.ts';

let host: NginxHost;
let backend: Server;
let rootPem: string;

beforeAll(async () => {
  backend = createServer((incoming, response) => {
    if (incoming.url === '/own') response.setHeader('Strict-Transport-Security', 'max-age=1');
    response.writeHead(incoming.url === '/fails' ? 500 : 200).end('ok');
  });
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  const port = (backend.address() as AddressInfo).port;
  host = await NginxHost.start();
  const chain = await makeTestChain(['chained.lab', '*.chained.lab']);
  rootPem = chain.rootPem;
  const { chainPem, keyPem } = chain;
  const value = { dnsNames: ['chained.lab', '*.chained.lab'], chainPem, keyPem, selfSigned: false };
  const hsts = { hstsMaxAgeSeconds: 31_536_000, hstsIncludeSubdomains: true, hstsPreload: true };
  const report = await host.apply(
    await certificate('apps', '*.apps.lab'),
    makeResource('chained', { case: 'certificate', value }),
    makeResource('chained.lab', { case: 'domain', value: hsts }),
    makeResource('apps.lab', { case: 'domain', value: hsts }),
    route('web.apps.lab', port, { domain: 'apps.lab' }),
    route('web.chained.lab', port, { certificate: 'chained', domain: 'chained.lab' }),
    route('strict.chained.lab', port, { certificate: 'chained', domain: 'chained.lab', options: { gzip: true } }),
    route('plain.chained.lab', port, { certificate: 'chained', domain: 'chained.lab', options: { plainHttp: true } }),
    route('bare.chained.lab', port, { certificate: 'chained' }),
  );
  expect(report).toMatchObject({ status: 'running', errors: [] });
});
afterAll(async () => {
  await host.close();
  backend.closeAllConnections();
  backend.close();
});

async function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: host.httpsPort, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  socket.on('error', () => socket.destroy());
  return socket;
}

test.for(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
  const old = { minVersion: version, maxVersion: version, ciphers: 'ALL@SECLEVEL=0' };
  await expect(handshake({ servername: 'web.apps.lab', ...old })).rejects.toThrow();
});

test.for(['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256'])(
  '%s, which is not authenticated encryption with forward secrecy, is refused',
  async (ciphers) => {
    const old = { maxVersion: 'TLSv1.2' as const, ciphers: `${ciphers}@SECLEVEL=0` };
    await expect(handshake({ servername: 'web.apps.lab', ...old })).rejects.toThrow();
  },
);

test('TLS 1.2 and 1.3 are spoken, with AEAD; a session is resumed without tickets that outlive it', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake({ servername: 'web.apps.lab', minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().name).toMatch(/GCM|CHACHA20/);
    expect(socket.getTLSTicket()).toBeUndefined();
    socket.destroy();
  }
});

test('the chain is complete and in order: openssl verifies it against the root alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-chain-'));
  await writeFile(join(directory, 'root.pem'), rootPem);
  const args = ['-connect', `127.0.0.1:${host.httpsPort}`, '-servername', 'web.chained.lab', '-showcerts'];
  const verify = [
    '-CAfile',
    join(directory, 'root.pem'),
    '-verify_return_error',
    '-verify_hostname',
    'web.chained.lab',
  ];
  const { stdout } = await runProgram('openssl', ['s_client', ...args, ...verify], { timeoutMs: 20_000 });
  expect(stdout).toContain('Verify return code: 0 (ok)');
  const issued = [...stdout.matchAll(/ s:(.*)\n\s+i:(.*)\n/g)].map(([, subject, issuer]) => [subject, issuer]);
  expect(issued).toEqual([
    ['CN = leaf', 'CN = intermediate'],
    ['CN = intermediate', 'CN = root'],
  ]);
  await rm(directory, { recursive: true });
});

test('a domain that wants it says to use HTTPS only, on failures too, unless the service says so itself', async () => {
  const wanted = 'max-age=31536000; includeSubDomains; preload';
  for (const [name, path] of [
    ['web', '/'],
    ['web', '/fails'],
    ['strict', '/'],
    ['plain', '/'],
  ] as const) {
    expect((await host.get(`${name}.chained.lab`, path)).headers['strict-transport-security']).toBe(wanted);
  }
  expect((await host.get('web.chained.lab', '/own')).headers['strict-transport-security']).toBe('max-age=1');
  expect((await host.getPlain('plain.chained.lab')).headers).not.toHaveProperty('strict-transport-security');
  expect((await host.get('bare.chained.lab')).headers).not.toHaveProperty('strict-transport-security');
});

test('nothing of the kind is said while the certificate is self-signed', async () => {
  expect((await host.get('web.apps.lab')).headers).not.toHaveProperty('strict-transport-security');
});

test('a name of no domain, an address and no name at all get no handshake and no certificate', async () => {
  for (const servername of ['unknown.example', 'apps.lab', 'web.apps.lab.example', '']) {
    await expect(handshake({ servername })).rejects.toThrow(/unrecognized name|alert/i);
  }
});

test('names that no route has look all the same, over TLS and without it', async () => {
  const answers = [];
  for (const name of ['a.apps.lab', 'b.apps.lab']) {
    const { status, body, headers } = await host.get(name, '/any');
    answers.push(JSON.stringify([status, body, { ...headers, date: '' }]));
  }
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain('404 Not found');
  const plain = [];
  for (const name of ['a.apps.lab', 'unknown.example', '127.0.0.1']) {
    const { status, body, headers } = await host.getPlain(name);
    plain.push(JSON.stringify([status, body, { ...headers, date: '' }]));
  }
  expect(new Set(plain).size).toBe(1);
});

test('nginx does not say which version it is', async () => {
  for (const name of ['web.apps.lab', 'a.apps.lab']) expect((await host.get(name)).headers.server).toBe('nginx');
});
