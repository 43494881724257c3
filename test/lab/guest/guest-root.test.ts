import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { createLabNetwork, type LabNetwork } from '../net/lab-network.ts';
import { bootGuest, guestPage } from './boot-guest.ts';
import { ensureGuestRoot } from './guest-root.ts';

let cacheDir: string;
let network: LabNetwork;

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'berth-guests-'));
  network = await createLabNetwork({ id: randomBytes(3).toString('hex') });
});

afterAll(async () => {
  await network.destroy();
  await rm(cacheDir, { recursive: true, force: true });
});

it('builds a root once, whole, and finds it again', async () => {
  const lines: string[] = [];
  const options = { cacheDir, onProgress: (line: string) => lines.push(line) };
  const roots = await Promise.all([ensureGuestRoot('busybox', options), ensureGuestRoot('busybox', options)]);
  expect(roots[0]).toBe(roots[1]);
  expect(lines.filter((line) => line.startsWith('making'))).toHaveLength(1);
  expect((await readdir(cacheDir)).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
  lines.length = 0;
  expect(await ensureGuestRoot('busybox', options)).toBe(roots[0]);
  expect(lines).toEqual([]);
});

it('boots the busybox guest, which takes its reserved address and answers', async () => {
  const root = await ensureGuestRoot('busybox', { cacheDir });
  const guest = { root, name: 'small1', mac: '02:be:00:00:00:01', address: '10.64.1.17' };
  await bootGuest(network, guest);
  const { web } = network.hosts;
  const page = await waitFor(() => guestPage(network, guest.address), { what: "the guest's page" });
  expect(page).toContain('Hello from small1');
  expect(page).toContain(guest.address);
  const tcp = await web.run('busybox', ['nc', '-w', '1', guest.address, '22'], { input: 'knock\n' });
  expect(tcp.stdout).toBe('SSH-2.0-berth-demo\r\nknock\n');
  const name = await web.run('dig', ['+short', '@10.64.0.1', 'small1.lab.test']);
  expect(name.stdout.trim()).toBe(guest.address);
});
