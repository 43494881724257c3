import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { runCommand } from './command.ts';
import type { LabHost } from './lab-host.ts';
import { createLabNetwork, type LabNetwork } from './lab-network.ts';
import { LAB_PLAN } from './plan.ts';

const opened: LabNetwork[] = [];
afterEach(() => Promise.all(opened.splice(0).map((network) => network.destroy())));

const newId = () => randomBytes(3).toString('hex');

async function open(): Promise<LabNetwork> {
  const network = await createLabNetwork({ id: newId() });
  opened.push(network);
  return network;
}

const serve = (host: LabHost, text: string): ChildProcess =>
  host.spawn('busybox', ['nc', '-ll', '-p', '8080', '-e', 'echo', text], { stdio: 'ignore' });

async function read(host: LabHost, address: string): Promise<string> {
  return (await host.run('busybox', ['nc', '-w', '2', address, '8080'], { input: '' })).stdout.trim();
}

async function namespaces(id: string): Promise<string[]> {
  return (await readdir('/run/netns')).filter((name) => name.includes(id));
}

it('keeps two labs with the same addresses apart', async () => {
  const [one, two] = [await open(), await open()];
  serve(one.hosts.cp, 'first');
  serve(two.hosts.cp, 'second');
  const address = LAB_PLAN.cp.mgmt.address;
  await waitFor(async () => expect(await read(one.hosts.web, address)).toBe('first') ?? true);
  await waitFor(async () => expect(await read(two.hosts.dns, address)).toBe('second') ?? true);
});

it('connects hosts as the plan says, and keeps the outside off the guest network', async () => {
  const { hosts } = await open();
  const ping = (from: LabHost, to: string) => from.run('ping', ['-c', '1', '-W', '1', to]);
  await ping(hosts.cp, LAB_PLAN.pve.mgmt.address);
  await ping(hosts.dns, LAB_PLAN.pve.lan.address);
  await ping(hosts.web, LAB_PLAN.dns.lan.address);
  await ping(hosts.client, LAB_PLAN.web.wan.address);
  await ping(hosts.cp, LAB_PLAN.web.lan.address);
  await expect(ping(hosts.client, LAB_PLAN.pve.lan.address)).rejects.toThrow(/unreachable/i);
  await hosts.client.run('ip', ['route', 'add', 'default', 'via', LAB_PLAN.web.wan.address]);
  await expect(ping(hosts.client, LAB_PLAN.pve.lan.address)).rejects.toThrow(/100% packet loss/);
});

it('leaves no namespace, process, mount or file behind', async () => {
  const network = await open();
  const mountPoint = join(network.directory, 'mount');
  await mkdir(mountPoint);
  await runCommand('mount', ['-t', 'tmpfs', 'none', mountPoint]);
  const child = serve(network.hosts.web, 'x');
  // A process that left the namespace, as guests do, is known by its ancestor.
  const guest = network.hosts.pve.spawn('sh', ['-c', 'unshare --net sleep 1000 & wait'], { stdio: 'ignore' });
  const exits = [once(child, 'exit'), once(guest, 'exit')];
  await waitFor(
    async () => (await childrenOf(guest)).includes('unshare') || (await childrenOf(guest)).includes('sleep'),
  );
  await network.destroy();
  await network.destroy();
  await Promise.all(exits);
  expect(await namespaces(network.id)).toEqual([]);
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(network.id);
  expect(existsSync(network.directory)).toBe(false);
  expect(await readFile('/proc/net/dev', 'utf8')).not.toMatch(/vmbr0|mgmt/);
});

async function childrenOf(child: ChildProcess): Promise<string[]> {
  const pids = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim().split(' ');
  return Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()));
}

it('sweeps the lab of a killed owner, and only that', async () => {
  const living = await open();
  const id = newId();
  const module = join(import.meta.dirname, 'lab-network.ts');
  const script = `const { createLabNetwork } = await import(process.argv[1]);
    const lab = await createLabNetwork({ id: process.argv[2] });
    lab.hosts.dns.spawn('sleep', ['1000']);
    console.log('up');`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script, module, id]);
  await once(owner.stdout, 'data');
  expect(await namespaces(id)).toHaveLength(5);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await open();
  expect(await namespaces(id)).toEqual([]);
  expect(await namespaces(living.id)).toHaveLength(5);
});

it('refuses an id that is taken or malformed', async () => {
  const { id } = await open();
  await expect(createLabNetwork({ id })).rejects.toThrow(/exists already/);
  await expect(createLabNetwork({ id: '../x' })).rejects.toThrow(/not a lab id/);
});
