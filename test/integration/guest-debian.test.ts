import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootGuest, guestPage } from '../lab/guest/boot-guest.ts';
import { ensureGuestRoot } from '../lab/guest/guest-root.ts';
import { createLabNetwork, type LabNetwork } from '../lab/net/lab-network.ts';
import { waitFor } from '../support/wait-for.ts';

// Unlike any other guest's on this machine: cgroups carry its name.
const GUEST_NAME = `deb${randomBytes(3).toString('hex')}`;
let root: string;
let network: LabNetwork;

// The first run fetches Debian, which takes minutes on a slow line.
beforeAll(async () => {
  root = await ensureGuestRoot('debian-12', { onProgress: (line) => process.stderr.write(`${line}\n`) });
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
}, 900_000);

// Killing a whole systemd at once is the hard case of a teardown, so what it leaves is looked at here.
afterAll(async () => {
  await network?.destroy();
  const groups = await readdir('/sys/fs/cgroup');
  for (const group of groups) {
    const names = await readdir(`/sys/fs/cgroup/${group}`).catch(() => []);
    expect(names.filter((name) => name.includes(GUEST_NAME))).toEqual([]);
  }
});

it('boots Debian to "running" with its reserved address, a page and sshd', async () => {
  const guest = { root, name: GUEST_NAME, mac: '02:be:00:00:00:02', address: '10.64.1.18' };
  const booted = await bootGuest(network, guest);
  const state = async () => (await booted.run('systemctl', 'is-system-running')).stdout.trim() === 'running';
  await waitFor(state, { what: 'systemd to be running', timeoutMs: 30_000 });
  const page = await waitFor(() => guestPage(network, guest.address), { what: "the guest's page" });
  expect(page).toContain(`Hello from ${GUEST_NAME}`);
  expect(page).toContain(guest.address);
  const banner = () => network.hosts.web.run('busybox', ['nc', '-w', '1', guest.address, '22'], { input: '' });
  expect((await waitFor(banner)).stdout).toMatch(/^SSH-2\.0-OpenSSH/);
  expect((await network.hosts.web.run('dig', ['+short', '@10.64.0.1', `${GUEST_NAME}.lab.test`])).stdout.trim()).toBe(
    guest.address,
  );
});
