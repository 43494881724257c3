import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { waitFor } from '@berth/test/support/wait-for.ts';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentById, revokeAgent } from '../store/agents.ts';
import type { Store } from '../store/store.ts';
import { type Authority, checkCsr, openAuthority } from './ca.ts';
import { Fleet } from './fleet.ts';
import { type FleetServer, listenForAgents } from './server.ts';
import { keepServerCertificate, type ServerCertificate } from './server-certificate.ts';
import { type ClientIdentity, keyAndCsr, TestClient } from './test-client.ts';
import { addAgent, addSite, memoryStore, record, ScriptedView, silentLog } from './test-site.ts';

const run = promisify(execFile);
const BUF = fileURLToPath(new URL('../../node_modules/.bin/buf', import.meta.url));

type Follower = Parameters<ServerCertificate['onChange']>[0];

let store: Store;
let authority: Authority;
let certificate: ServerCertificate;
let fleet: Fleet;
let server: FleetServer;
let view: ScriptedView;
let siteId: string;
let agentId: string;
const closing: (() => void)[] = [];
const followers = new Set<Follower>();

beforeEach(async () => {
  store = await memoryStore(systemClock);
  siteId = await addSite(store);
  agentId = await addAgent(store, siteId);
  authority = await openAuthority(store);
  view = new ScriptedView();
  view.set([record('web1', '10.64.0.10')]);
  const common = { store, clock: systemClock, random: Math.random, log: silentLog };
  fleet = new Fleet({ ...common, replicaId: 'rep-1', openView: async () => view });
  await fleet.start();
  const names = ['localhost', '127.0.0.1'];
  const kept = await keepServerCertificate({ ...common, authority, names, onError: () => {} });
  const onChange = (follow: Follower) => {
    followers.add(follow);
    return () => followers.delete(follow);
  };
  certificate = { ...kept, onChange };
  server = await listenForAgents({
    ...common,
    authority,
    fleet,
    certificate,
    listen: { host: '127.0.0.1', port: 0 },
    keepalive: { timeMs: 200, timeoutMs: 200 },
  });
});

afterEach(async () => {
  for (const close of closing.splice(0)) close();
  certificate.stop();
  await server.close(200);
  await store.close();
});

async function identity(id = agentId, by = authority): Promise<ClientIdentity> {
  const { keyPem, csrPem } = await keyAndCsr();
  const { chainPem } = await by.issueClient(await checkCsr(csrPem), id);
  return { bundlePem: authority.bundlePem, keyPem, chainPem };
}

async function client(who?: ClientIdentity, port = server.port): Promise<TestClient> {
  const made = new TestClient(port, who ?? (await identity()));
  closing.push(() => made.close());
  return made;
}

const ended = (one: TestClient) => waitFor(() => one.status, { what: 'the end of the session' });

test('takes an agent of ours up and sends it what it must hold', async () => {
  const agent = (await client()).open();
  await waitFor(() => agent.heard.length === 2, { what: 'welcome and snapshot' });
  expect(agent.heard.map(({ case: kind }) => kind)).toEqual(['welcome', 'config']);
  expect((await agentById(store.db, agentId))?.session_id).not.toBeNull();
});

test('refuses strangers in the handshake: no certificate, another authority’s, a server’s', async () => {
  const otherStore = await memoryStore(systemClock);
  const other = await openAuthority(otherStore);
  const serverOwn = await authority.issueServer(['localhost'], 3_600_000);
  const rogues = [await identity(agentId, other), { bundlePem: authority.bundlePem, ...serverOwn }];
  for (const rogue of rogues) {
    const agent = (await client(rogue)).open();
    expect((await ended(agent)).code).toBe(status.UNAVAILABLE);
  }
  expect(await handshake({})).toBe('refused');
  expect(await handshake({ ...(await identity()), maxVersion: 'TLSv1.2' })).toBe('refused');
  expect(await handshake(await identity())).toBe('TLSv1.3');
  expect((await agentById(store.db, agentId))?.epoch).toBe(0);
  await otherStore.close();
});

test('refuses an agent that the database does not know', async () => {
  const agent = (await client(await identity('agt-unknown'))).open();
  expect((await ended(agent)).code).toBe(status.UNAUTHENTICATED);
});

test('an agent that floods is read from no faster than it is dealt with, and loses nothing', async () => {
  const agent = (await client()).open();
  for (let n = 1; n <= 1_000; n++) {
    agent.say({ case: 'commandResult', value: { commandId: `cmd-${n}` } });
  }
  const acknowledged = () => agent.heard.flatMap((each) => (each.case === 'reportAck' ? each.value.commandIds : []));
  await waitFor(() => acknowledged().length === 1_000, { what: 'every acknowledgement', timeoutMs: 60_000 });
  expect(acknowledged().at(-1)).toBe('cmd-1000');
}, 90_000);

test('a second session of an agent ends the first', async () => {
  const who = await identity();
  const first = (await client(who)).open();
  await waitFor(() => first.heard.length === 2);
  const second = (await client(who)).open();
  expect((await ended(first)).code).toBe(status.ABORTED);
  await waitFor(() => second.heard.length === 2);
  expect((await agentById(store.db, agentId))?.epoch).toBe(2);
});

test('revoking an agent ends its session at once, and it can neither come back nor renew', async () => {
  const who = await identity();
  const agent = await client(who);
  agent.open();
  await waitFor(() => agent.heard.length === 2);
  await store.transaction((tx) => revokeAgent(tx, agentId));
  expect((await ended(agent)).code).toBe(status.UNAUTHENTICATED);
  await expect(agent.renew((await keyAndCsr()).csrPem)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  expect((await ended((await client(who)).open())).code).toBe(status.UNAUTHENTICATED);
});

test('renews a certificate with a new key, and sessions go on with it', async () => {
  const agent = await client();
  const { keyPem, csrPem } = await keyAndCsr();
  const renewed = await agent.renew(csrPem);
  expect(renewed.caBundlePem).toBe(authority.bundlePem);
  const next = (await client({ bundlePem: renewed.caBundlePem, keyPem, chainPem: renewed.chainPem })).open();
  await waitFor(() => next.heard.length === 2);
  await expect(agent.renew('nonsense')).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('answers health checks and reflection, to agents only', async () => {
  const who = await identity();
  const files = await mkdtemp(join(tmpdir(), 'berth-fleet-'));
  closing.push(() => rmSync(files, { recursive: true }));
  await Promise.all([
    writeFile(join(files, 'ca.pem'), who.bundlePem),
    writeFile(join(files, 'key.pem'), who.keyPem),
    writeFile(join(files, 'cert.pem'), who.chainPem),
  ]);
  const url = `https://127.0.0.1:${server.port}`;
  const tls = ['--cacert', join(files, 'ca.pem'), '--key', join(files, 'key.pem'), '--cert', join(files, 'cert.pem')];
  expect(await (await client(who)).health()).toBe(1);
  const { stdout } = await run(BUF, ['curl', '--protocol', 'grpc', ...tls, '--list-methods', url]);
  expect(stdout).toContain('berth.agent.v1.SessionService/Session');
});

test('notices a frozen peer', async () => {
  const wire = await freezableWire(server.port);
  const agent = (await client(undefined, wire.port)).open();
  await waitFor(() => agent.heard.length === 2);
  wire.freeze();
  await waitFor(async () => (await agentById(store.db, agentId))?.session_id === null, {
    what: 'the end of the session with the frozen peer',
    timeoutMs: 3_000,
  });
});

test('shows a renewed server certificate to new connections', async () => {
  const agent = (await client()).open();
  await waitFor(() => agent.heard.length === 2);
  const renewed = await authority.issueServer(['localhost', '127.0.0.1'], 3_600_000);
  expect(await serverCertificate()).not.toBe(leafOf(renewed.chainPem));
  for (const follow of followers) follow(renewed);
  expect(await serverCertificate()).toBe(leafOf(renewed.chainPem));
  expect(agent.status).toBeUndefined();
});

test('going away, asks agents to come back later and then ends what is left', async () => {
  const agent = (await client()).open();
  await waitFor(() => agent.heard.length === 2);
  await server.close(100);
  expect(agent.heard.at(-1)?.case).toBe('drain');
  expect((await ended(agent)).code).toBe(status.UNAVAILABLE);
  expect((await agentById(store.db, agentId))?.session_id).toBeNull();
});

function handshake(options: { keyPem?: string; chainPem?: string; maxVersion?: 'TLSv1.2' }): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: server.port,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
      ca: authority.bundlePem,
      key: options.keyPem,
      cert: options.chainPem,
      maxVersion: options.maxVersion ?? 'TLSv1.3',
    });
    closing.push(() => socket.destroy());
    // The first bytes of the server tell that it took the certificate: with TLS 1.3 it is judged after the handshake.
    socket.on('data', () => resolve(socket.getProtocol() ?? ''));
    socket.on('error', () => resolve('refused'));
    socket.on('close', () => resolve('refused'));
  });
}

async function serverCertificate(): Promise<string> {
  const { bundlePem, keyPem, chainPem } = await identity();
  return new Promise((resolve, reject) => {
    const where = { host: '127.0.0.1', port: server.port, servername: 'localhost', ALPNProtocols: ['h2'] };
    const socket = connectTls({ ...where, ca: bundlePem, key: keyPem, cert: chainPem }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function leafOf(chainPem: string): string {
  return new X509Certificate(chainPem).fingerprint256;
}

/** A TCP relay that can stop passing bytes on while it keeps both connections open. */
async function freezableWire(port: number): Promise<{ port: number; freeze(): void }> {
  const sockets: Socket[] = [];
  const relay: Server = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1');
    sockets.push(near, far);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('the relay has no port');
  return {
    port: address.port,
    freeze() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
  };
}
