import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { createLabNetwork, type LabNetwork } from './lab-network.ts';
import { LAB_PLAN } from './plan.ts';
import { type Relay, relay } from './relay.ts';

let network: LabNetwork;
const relays: Relay[] = [];

beforeAll(async () => {
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
});

afterAll(async () => {
  await Promise.all(relays.map((each) => each.close()));
  await network.destroy();
});

async function openRelay(port: number): Promise<Relay> {
  const opened = await relay({ network, from: network.hosts.client, target: { host: LAB_PLAN.web.wan.address, port } });
  relays.push(opened);
  return opened;
}

async function exchange(port: number, data: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end(data);
  return buffer(socket);
}

it('carries a megabyte there and, after our half is closed, back', async () => {
  network.hosts.web.spawn('busybox', ['nc', '-ll', '-p', '9000', '-e', 'sha256sum'], { stdio: 'ignore' });
  const { port } = await openRelay(9000);
  const data = randomBytes(1_000_000);
  const expected = createHash('sha256').update(data).digest('hex');
  await waitFor(async () => (await exchange(port, data)).toString().startsWith(expected), { what: 'the digest' });
});

it('closes the connection when nobody listens at the target', async () => {
  const { port } = await openRelay(9999);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'close');
  expect(socket.bytesRead).toBe(0);
});
