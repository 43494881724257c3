import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPveCluster, type PveCluster, type PveClusterOptions } from './cluster.ts';
import { MemoryBackend } from './memory-backend.ts';
import { directoryState } from './state.ts';
import { call, data, TEST_CONTENT, TEST_SECRET, TEST_TEMPLATE, TEST_TOKEN } from './test-client.ts';

const NET = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp';
const wanted = (vmid: number): Record<string, string> => ({
  vmid: String(vmid),
  hostname: `web${vmid}`,
  ostemplate: TEST_TEMPLATE,
  rootfs: 'local-lvm:8',
  net0: NET,
  tags: 'berth',
});

function build(backends: MemoryBackend[], more: Partial<PveClusterOptions> = {}): Promise<PveCluster> {
  const nodes = backends.map((backend, i) => ({ name: `pve${i + 1}`, backend }));
  return createPveCluster({ nodes, tokens: [TEST_TOKEN], content: [TEST_CONTENT], authDelayMs: 0, ...more });
}

let cluster: PveCluster;
let backends: MemoryBackend[];
beforeEach(async () => {
  backends = [new MemoryBackend(), new MemoryBackend()];
  cluster = await build(backends);
});
afterEach(() => cluster.close());

async function taskOf(upid: unknown, node = 'pve1'): Promise<string> {
  await cluster.settled();
  const status = await data(cluster, 'GET', `/nodes/${node}/tasks/${encodeURIComponent(String(upid))}/status`);
  return (status as { exitstatus: string }).exitstatus;
}

describe('a container', () => {
  test('is created, started, seen with its addresses, stopped and deleted', async () => {
    expect(await taskOf(await data(cluster, 'POST', '/nodes/pve1/lxc', wanted(101)))).toBe('OK');
    expect(await data(cluster, 'GET', '/nodes/pve1/lxc/101/config')).toMatchObject({
      hostname: 'web101',
      rootfs: 'local-lvm:vm-101-disk-0,size=8G',
      net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth',
      tags: 'berth',
    });
    expect(await taskOf(await data(cluster, 'POST', '/nodes/pve1/lxc/101/status/start'))).toBe('OK');
    expect(backends[0]?.guests.get(101)?.spec).toMatchObject({ hostname: 'web101', memoryMb: 512, diskGb: 8 });
    const interfaces = await data(cluster, 'GET', '/nodes/pve1/lxc/101/interfaces');
    expect(interfaces).toContainEqual(expect.objectContaining({ name: 'eth0', hwaddr: 'bc:24:11:00:00:01' }));
    expect(await taskOf(await data(cluster, 'POST', '/nodes/pve1/lxc/101/status/shutdown'))).toBe('OK');
    expect(await taskOf(await data(cluster, 'DELETE', '/nodes/pve1/lxc/101?purge=1'))).toBe('OK');
    expect(await data(cluster, 'GET', '/nodes/pve1/lxc')).toEqual([]);
  });

  test('starts with the environment put after its create', async () => {
    await data(cluster, 'POST', '/nodes/pve1/lxc', wanted(101));
    await cluster.settled();
    await data(cluster, 'PUT', '/nodes/pve1/lxc/101/config', { env: 'A=1\0B=two words', memory: '256' });
    await data(cluster, 'POST', '/nodes/pve1/lxc/101/status/start');
    await cluster.settled();
    expect(backends[0]?.guests.get(101)?.spec).toMatchObject({ env: { A: '1', B: 'two words' }, memoryMb: 256 });
  });

  test('whose init dies is stopped without any task', async () => {
    await data(cluster, 'POST', '/nodes/pve1/lxc', { ...wanted(101), start: '1' });
    await cluster.settled();
    const before = await data(cluster, 'GET', '/nodes/pve1/tasks');
    await backends[0]?.kill(101);
    expect(await data(cluster, 'GET', '/nodes/pve1/lxc/101/status/current')).toMatchObject({ status: 'stopped' });
    expect(await data(cluster, 'GET', '/nodes/pve1/tasks')).toEqual(before);
  });
});

describe('a cluster of two nodes', () => {
  test('shares its numbers', async () => {
    await data(cluster, 'POST', '/nodes/pve1/lxc', wanted(101));
    const answer = await call(cluster, 'POST', '/nodes/pve2/lxc', wanted(101));
    expect([answer.status, answer.statusText]).toEqual([500, "CT 101 already exists on node 'pve1'"]);
    expect((await call(cluster, 'GET', '/nodes/pve2/lxc/101/config')).statusText).toBe(
      "Configuration file 'nodes/pve2/lxc/101.conf' does not exist",
    );
  });

  test('accepts each of fifty creates at once exactly once', async () => {
    const numbers = Array.from({ length: 100 }, (_, i) => 100 + (i % 50));
    const answers = await Promise.all(
      numbers.map((vmid, i) => call(cluster, 'POST', `/nodes/pve${(i % 2) + 1}/lxc`, wanted(vmid))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
    await cluster.settled();
    expect(await data(cluster, 'GET', '/cluster/resources?type=vm')).toHaveLength(50);
    expect(await data(cluster, 'GET', '/cluster/nextid')).toBe('150');
  });

  test('goes on answering for the others while one is off the network', async () => {
    cluster.setOffline('pve2', true);
    expect((await call(cluster, 'GET', '/nodes/pve2/lxc')).status).toBe(595);
    expect((await call(cluster, 'GET', '/nodes/pve1/lxc')).status).toBe(200);
    const nodes = await data(cluster, 'GET', '/nodes');
    expect(nodes).toContainEqual(expect.objectContaining({ node: 'pve2', status: 'offline' }));
  });
});

describe('trouble on demand', () => {
  test('fails or warns in the task', async () => {
    await cluster.close();
    cluster = await build(backends, {
      tasks: {
        failure: (type) => (type === 'vzstart' ? 'no space left on device' : undefined),
        warning: (type) => (type === 'vzcreate' ? 'almost full' : undefined),
      },
    });
    expect(await taskOf(await data(cluster, 'POST', '/nodes/pve1/lxc', wanted(101)))).toBe('WARNINGS: 1');
    const upid = await data(cluster, 'POST', '/nodes/pve1/lxc/101/status/start');
    expect(await taskOf(upid)).toBe('no space left on device');
  });

  test('refuses a stranger with the reason in the status line and no body', async () => {
    const stranger = { authorization: `PVEAPIToken=berth@pve!other=${TEST_SECRET}` };
    const request = { method: 'GET', url: '/api2/json/version', headers: stranger, body: Buffer.alloc(0) };
    expect(await cluster.handle(request)).toMatchObject({ status: 401, body: '' });
  });
});

describe('a state directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pve-state-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('brings guests back, and marks the tasks that a kill cut off', async () => {
    const slow = { delayMs: (type: string, id: string) => (type === 'vzcreate' && id === '102' ? 60_000 : 0) };
    const killed = await build([new MemoryBackend()], { state: directoryState(directory), tasks: slow });
    await data(killed, 'POST', '/nodes/pve1/lxc', { ...wanted(101), start: '1' });
    await killed.settled();
    const cut = await data(killed, 'POST', '/nodes/pve1/lxc', wanted(102));

    await cluster.close();
    cluster = await build([new MemoryBackend()], { state: directoryState(directory) });
    expect(await data(cluster, 'GET', '/nodes/pve1/lxc/101/status/current')).toMatchObject({ status: 'running' });
    expect(await taskOf(cut)).toBe('unexpected status');
    expect((await call(cluster, 'DELETE', '/nodes/pve1/lxc/102')).statusText).toBe('CT is locked (create)');
    cluster.unlock(102);
    expect(await taskOf(await data(cluster, 'DELETE', '/nodes/pve1/lxc/102'))).toBe('OK');
  });
});
