/** TLS on both ports: the certificate of the moment, and nothing slipped in before the handshake. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { openAuthority, type ServerIdentity } from '@berth/control-plane/fleet/ca.ts';
import { Oid } from '@berth/control-plane/ldap/protocol/oids.ts';
import { extendedOf, messageOf, present, searchOf } from '@berth/control-plane/ldap/testing/requests.ts';
import { type Answer, readAnswers } from '@berth/control-plane/ldap/testing/responses.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LdapWorld } from './ldap-world.ts';

const DAY_MS = 86_400_000;
const START_TLS = messageOf(extendedOf(Oid.startTls));
const ROOT = messageOf(searchOf('', 0, present('objectClass'), ['vendorName']), [], 2);

let world: LdapWorld;
let ports: { ldaps: number; startTls: number };
let identity: ServerIdentity;
let issue: () => Promise<ServerIdentity>;
const listeners = new Set<(next: ServerIdentity) => void>();

beforeAll(async () => {
  world = await LdapWorld.open();
  const authority = await openAuthority(world.store);
  issue = () => authority.issueServer(['localhost'], DAY_MS);
  identity = await issue();
  const certificate = {
    current: () => identity,
    onChange: (listener: (next: ServerIdentity) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => undefined,
  };
  const { ldapsPort, startTlsPort } = await world.gateway({ certificate });
  ports = { ldaps: ldapsPort, startTls: startTlsPort };
});
afterAll(() => world.close());

async function answersOf(socket: Socket, request: Buffer): Promise<Answer[]> {
  socket.write(request);
  const [chunk] = await once(socket, 'data');
  return readAnswers(chunk as Buffer);
}

async function secured(socket: TLSSocket): Promise<TLSSocket> {
  await once(socket, 'secureConnect');
  return socket;
}

/** Fingerprint of the certificate that was shown in the handshake. */
const shown = (socket: TLSSocket) => socket.getPeerCertificate().fingerprint256;

async function overStartTls(): Promise<TLSSocket> {
  const socket = connect(ports.startTls, '127.0.0.1');
  expect(await answersOf(socket, START_TLS)).toMatchObject([{ code: 0 }]);
  return secured(connectTls({ socket, rejectUnauthorized: false }));
}

const overLdaps = () => secured(connectTls({ port: ports.ldaps, host: '127.0.0.1', rejectUnauthorized: false }));

test('a new certificate is shown from the next handshake on, and old connections go on', async () => {
  const [early, earlyStartTls] = [await overLdaps(), await overStartTls()];
  const before = [shown(early), shown(earlyStartTls)];
  expect(before[0]).toBe(before[1]);
  identity = await issue();
  for (const listener of listeners) listener(identity);
  const [late, lateStartTls] = [await overLdaps(), await overStartTls()];
  const after = [shown(late), shown(lateStartTls)];
  expect(after[0]).toBe(after[1]);
  expect(after[0]).not.toBe(before[0]);
  for (const socket of [early, earlyStartTls, late, lateStartTls]) {
    expect(await answersOf(socket, ROOT)).toHaveLength(2);
    socket.destroy();
  }
});

test('what somebody put behind a StartTLS on the way is not taken for a part of what comes over TLS', async () => {
  const socket = connect(ports.startTls, '127.0.0.1');
  const answers = await answersOf(socket, Buffer.concat([START_TLS, ROOT]));
  expect(answers).toMatchObject([{ id: 0, tag: 0x78, code: 2 }]);
  socket.destroy();
});

test('TLS is begun once', async () => {
  const socket = await overStartTls();
  expect(await answersOf(socket, START_TLS)).toMatchObject([{ tag: 0x78, code: 1 }]);
  socket.destroy();
});
