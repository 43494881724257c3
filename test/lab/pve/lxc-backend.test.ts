import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import type { GuestSpec } from './backend.ts';
import { LxcBackend } from './lxc-backend.ts';

const directory = mkdtempSync(join(tmpdir(), 'pve-lxc-'));
const root = join(directory, 'root');
const lxcPath = join(directory, 'guests');
const bridge = `br${process.pid}`;
const TEMPLATE = 'local:vztmpl/tiny.tar';
const INIT = `#!/bin/sh
trap 'exit 0' PWR
hostname > /seen
echo "$GREETING" >> /seen
while true; do sleep 0.1; done
`;

const spec: GuestSpec = {
  vmid: 101,
  node: 'pve1',
  hostname: 'tiny.lab.test',
  template: TEMPLATE,
  cores: 1,
  memoryMb: 64,
  diskGb: 1,
  nets: [{ name: 'eth0', bridge, hwaddr: 'BC:24:11:00:00:07', ip: '10.99.7.2/24' }],
  env: { GREETING: 'hello world' },
};

function buildRoot(): void {
  for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'etc', 'tmp'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  execFileSync('chroot', [root, '/bin/busybox', '--install', '-s', '/bin']);
  writeFileSync(join(root, 'sbin/init'), INIT);
  chmodSync(join(root, 'sbin/init'), 0o755);
}

beforeAll(() => {
  buildRoot();
  execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge']);
  execFileSync('ip', ['link', 'set', bridge, 'up']);
});

afterAll(async () => {
  await new LxcBackend({ lxcPath, templates: {} }).close({ destroy: true });
  execFileSync('ip', ['link', 'del', bridge]);
  rmSync(directory, { recursive: true, force: true });
});

test('boots a guest with its name, environment and MAC address, shuts it down and leaves nothing', async () => {
  const backend = new LxcBackend({ lxcPath, templates: { [TEMPLATE]: root } });
  await backend.recover();
  await backend.create(spec, () => undefined);
  expect(await backend.status(101)).toEqual({ running: false });
  await backend.start(spec);

  const seen = join(lxcPath, '101/upper/seen');
  await waitFor(() => existsSync(seen) && readFileSync(seen, 'utf8').split('\n').length === 3);
  expect(readFileSync(seen, 'utf8')).toBe('tiny\nhello world\n');
  const eth0 = (await backend.interfaces(101))?.find((found) => found.name === 'eth0');
  expect(eth0?.hwaddr).toBe('bc:24:11:00:00:07');
  expect(eth0?.addresses).toContainEqual({ family: 'inet', address: '10.99.7.2', prefix: 24 });

  const afterKill = new LxcBackend({ lxcPath, templates: { [TEMPLATE]: root } });
  await afterKill.recover();
  expect((await afterKill.status(101)).running).toBe(true);

  expect(await afterKill.shutdown(101, 5000)).toBe(true);
  await afterKill.destroy(101);
  expect(existsSync(join(lxcPath, '101'))).toBe(false);
  expect(await afterKill.interfaces(101)).toBeUndefined();
});

test('stops what ignores a shutdown, and takes every guest away on close', async () => {
  const backend = new LxcBackend({ lxcPath, templates: { [TEMPLATE]: root } });
  const deaf = { ...spec, vmid: 102, entrypoint: '/bin/sleep 1000', nets: [] };
  await backend.create(deaf, () => undefined);
  await backend.start(deaf);
  expect(await backend.shutdown(102, 1000)).toBe(false);
  await backend.close({ destroy: true });
  expect(existsSync(join(lxcPath, '102'))).toBe(false);
});

test('says why a guest does not start', async () => {
  const backend = new LxcBackend({ lxcPath, templates: { [TEMPLATE]: root } });
  const lost = {
    ...spec,
    vmid: 103,
    nets: [{ ...spec.nets[0], name: 'eth0', bridge: 'nobridge', hwaddr: 'BC:24:11:00:00:08', ip: 'dhcp' }],
  };
  await backend.create(lost, () => undefined);
  await expect(backend.start(lost)).rejects.toThrow(/startup for container failed/);
  await backend.destroy(103);
  await expect(backend.create({ ...spec, template: 'local:vztmpl/nope' }, () => undefined)).rejects.toThrow(
    "volume 'local:vztmpl/nope' does not exist",
  );
});
