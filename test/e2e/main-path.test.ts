// The main job on real parts: from "create" to a page served over HTTPS, and back to nothing.
import { once } from 'node:events';
import { join } from 'node:path';
import { ContainerState } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState } from '@berth/proto/api/v1/operations_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { createClient } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { waitFor } from '../support/wait-for.ts';
import { find, made, removed } from './support/containers.ts';
import { leftovers } from './support/leftovers.ts';
import { outside } from './support/outside.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await createLab();
});

afterAll(() => lab?.destroy());

test('a container is asked for, gets its address, name and routes, answers from outside, and goes without a trace', async () => {
  const user = outside(lab);
  const container = await made(lab, 't1-web');
  expect(container.state).toBe(ContainerState.RUNNING);

  const inside = [...(await guestOf(container.vmid)), '--'];
  const { stdout } = await lab.network.hosts.pve.run('lxc-attach', [...inside, 'ip', '-4', 'addr', 'show', 'eth0']);
  expect(stdout).toContain(`inet ${container.address}/22`);

  expect(await user.resolve(container.fqdn)).toBe(container.address);
  expect(await user.resolve('-x', container.address)).toBe(`${container.fqdn}.`);

  const page = await user.https('t1-web.apps.lab');
  expect(page.status).toBe(200);
  expect(page.body).toContain('t1-web');

  const tcp = container.services.find((s) => s.exposure.case === 'tcp');
  const port = tcp?.exposure.case === 'tcp' ? tcp.exposure.value.externalPort : 0;
  expect(await user.banner(port)).toMatch(/^SSH-2\.0/);

  const operation = await removed(lab, container.id);
  expect(operation.state).toBe(OperationState.SUCCEEDED);
  expect(await find(lab, container.id)).toBeUndefined();
  expect(await user.resolve(container.fqdn)).toBe('');
  expect((await user.https('t1-web.apps.lab')).status).not.toBe(200);
  expect(await leftovers(lab)).toEqual([]);
});

test('a UDP service carries datagrams to the guest and back, until it is taken away', async () => {
  const user = outside(lab);
  const container = await made(lab, 't2-udp');
  // The small guest has no program that answers datagrams, so one of this machine's is lent to its network.
  const attached = [...(await guestOf(container.vmid)), '-s', 'NETWORK', '--'];
  const echo = lab.network.hosts.pve.spawn('lxc-attach', [...attached, process.execPath, '-e', UDP_ECHO], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (echo.stdout) await once(echo.stdout, 'data');
  const client = createClient(ServicesService, lab.api.transport);
  const { service } = await client.createService({
    container: container.id,
    service: { internalPort: UDP_PORT, exposure: { case: 'udp', value: {} } },
  });
  if (service?.exposure.case !== 'udp') throw new Error('the server sent no UDP service');
  const port = service.exposure.value.externalPort;
  await waitFor(async () => (await user.datagram(port, 'ahoy')) === 'heard ahoy', { what: 'the answer' });
  expect(await user.datagram(port, 'again')).toBe('heard again');

  await client.deleteService({ service: service.id });
  await waitFor(async () => (await user.datagram(port, 'gone')) === '', { what: 'silence' });
  expect((await removed(lab, container.id)).state).toBe(OperationState.SUCCEEDED);
  expect(await leftovers(lab)).toEqual([]);
});

const UDP_PORT = 5_000;
const UDP_ECHO = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text, { port, address }) => socket.send('heard ' + text, port, address));
socket.bind(${UDP_PORT}, () => console.log('ready'));`;

/** What names a guest to the lxc programs on its node. */
async function guestOf(vmid: number): Promise<string[]> {
  return ['-P', join(lab.network.directory, 'pve-host', 'lxc', await nodeOf(vmid)), '-n', String(vmid)];
}

async function nodeOf(vmid: number): Promise<string> {
  const { stdout } = await lab.network.hosts.pve.run('find', [
    ...[join(lab.network.directory, 'pve-host', 'lxc'), '-maxdepth', '2', '-name', String(vmid), '-printf', '%h'],
  ]);
  return stdout.trim().split('/').at(-1) ?? '';
}
