// The main job on real parts: from "create" to a page served over HTTPS, and back to nothing.
import { join } from 'node:path';
import { ContainerState } from '@berth/proto/api/v1/containers_pb.js';
import { OperationState } from '@berth/proto/api/v1/operations_pb.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
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

  const lxc = [
    '-P',
    join(lab.network.directory, 'pve-host', 'lxc', await nodeOf(container.vmid)),
    '-n',
    String(container.vmid),
  ];
  const { stdout } = await lab.network.hosts.pve.run('lxc-attach', [...lxc, '--', 'ip', '-4', 'addr', 'show', 'eth0']);
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

async function nodeOf(vmid: number): Promise<string> {
  const { stdout } = await lab.network.hosts.pve.run('find', [
    ...[join(lab.network.directory, 'pve-host', 'lxc'), '-maxdepth', '2', '-name', String(vmid), '-printf', '%h'],
  ]);
  return stdout.trim().split('/').at(-1) ?? '';
}
