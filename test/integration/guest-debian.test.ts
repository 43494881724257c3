import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootGuest, guestPage } from '../lab/guest/boot-guest.ts';
import { ensureGuestRoot } from '../lab/guest/guest-root.ts';
import { createLabNetwork, type LabNetwork } from '../lab/net/lab-network.ts';
import { waitFor } from '../support/wait-for.ts';

let root: string;
let network: LabNetwork;

// The first run fetches Debian, which takes minutes on a slow line.
beforeAll(async () => {
  root = await ensureGuestRoot('debian-12', { onProgress: (line) => process.stderr.write(`${line}\n`) });
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
}, 900_000);

afterAll(() => network?.destroy());

it('boots Debian to "running" with its reserved address, a page and sshd', async () => {
  const guest = { root, name: 'deb1', mac: '02:be:00:00:00:02', address: '10.64.1.18' };
  const booted = await bootGuest(network, guest);
  const state = async () => (await booted.run('systemctl', 'is-system-running')).stdout.trim() === 'running';
  await waitFor(state, { what: 'systemd to be running', timeoutMs: 30_000 });
  const page = await waitFor(() => guestPage(network, guest.address), { what: "the guest's page" });
  expect(page).toContain('Hello from deb1');
  expect(page).toContain(guest.address);
  const banner = () => network.hosts.web.run('busybox', ['nc', '-w', '1', guest.address, '22'], { input: '' });
  expect((await waitFor(banner)).stdout).toMatch(/^SSH-2\.0-OpenSSH/);
  expect((await network.hosts.web.run('dig', ['+short', '@10.64.0.1', 'deb1.lab.test'])).stdout.trim()).toBe(
    guest.address,
  );
});
