import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { makeTestCertificate } from '@berth/test/integration/nginx-certificate.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { PveClient } from './client.ts';

let node: Server;
let client: PveClient;
const sockets = new Set<Duplex>();

beforeEach(async () => {
  const { chainPem, keyPem } = await makeTestCertificate(['localhost']);
  node = createServer({ cert: chainPem, key: keyPem }).listen(0, '127.0.0.1');
  node.on('connection', (socket) => sockets.add(socket));
  await once(node, 'listening');
  const { port } = node.address() as AddressInfo;
  const access = { apiUrl: `https://localhost:${port}`, tokenId: 'a@pve!b', tokenSecret: 's', caPem: chainPem };
  client = new PveClient({ ...access, fingerprint: '' }, 200);
});

afterEach(async () => {
  client.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  node.close();
  await once(node, 'close');
});

const version = () => client.get('/version', z.string());
const unavailable = (words: RegExp) => ({
  code: CommandFailureCode.UNAVAILABLE,
  message: expect.stringMatching(words),
});

test('a node that does not answer is unavailable after a while', async () => {
  node.on('request', () => undefined);
  await expect(version()).rejects.toMatchObject(unavailable(/no answer within 0.2 s/));
});

test('so is one that stops within its answer', async () => {
  node.on('request', (_request, response) => response.writeHead(200, { 'content-length': 100 }).write('{"data":'));
  await expect(version()).rejects.toMatchObject(unavailable(/^localhost:/));
});

test('none of many requests waits for a connection that never comes', async () => {
  node.on('connection', (socket) => socket.destroy());
  const ends = await Promise.allSettled(Array.from({ length: 30 }, version));
  expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 'rejected'));
});

test('a connection serves one request after another', async () => {
  node.on('request', (_request, response) => response.end('{"data":"9.0"}'));
  expect([await version(), await version()]).toEqual(['9.0', '9.0']);
  expect(sockets.size).toBe(1);
});
