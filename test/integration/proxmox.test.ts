import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { createIt, creation, deleteIt, failed, guest, inspectIt, startIt, stopIt } from './proxmox-commands.ts';
import { Crash, createPveWorld, execute, type PveWorld, testContext } from './proxmox-world.ts';

// The proxmox role over HTTPS against the simulator, which is held to a real node's recordings.

let world: PveWorld;
let slowCreateMs = 0;

beforeEach(async () => {
  slowCreateMs = 0;
  world = await createPveWorld({ tasks: { delayMs: (type) => (type === 'vzcreate' ? slowCreateMs : 0) } });
  await world.apply(world.node('pve1'), world.node('pve2'));
});

afterEach(() => world.close());

const config = (vmid = 201) =>
  world.byHand('GET', `/nodes/pve1/lxc/${vmid}/config`) as Promise<Record<string, unknown>>;
const tasksOf = async (type: string) =>
  (await world.byHand('GET', `/nodes/pve1/tasks?typefilter=${type}&source=all`)) as unknown[];

/** A container that somebody made by hand. */
async function makeStrangers(vmid: number, change: Record<string, unknown> = {}): Promise<void> {
  const ostemplate = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
  await world.byHand('POST', '/nodes/pve1/lxc', {
    vmid,
    ostemplate,
    hostname: 'stranger',
    rootfs: 'local-lvm:1',
    ...change,
  });
  await world.cluster.settled();
}

describe('a life', () => {
  it('creates, starts, configures, stops and deletes, and each again without harm', async () => {
    const context = testContext();
    const stopped = { exists: true, power: PowerState.STOPPED };
    expect(await execute(world, createIt, context)).toMatchObject({
      ok: true,
      success: { warnings: [], guest: stopped },
    });
    expect(context.lines).toContainEqual(expect.stringContaining('debian-12-standard_12.12-1'));
    expect(await config()).toMatchObject({
      hostname: 'web1',
      net0: 'name=eth0,bridge=vmbr0,hwaddr=02:BE:00:00:00:01,ip=dhcp,type=veth',
      description: 'Managed by Berth: changes by hand may be undone.\nberth:ctr-1\n',
      tags: 'berth',
      features: 'nesting=1',
      onboot: 1,
      unprivileged: 1,
      cores: 2,
      memory: 256,
    });
    expect(await execute(world, createIt)).toMatchObject({ ok: true });
    expect(await tasksOf('vzcreate')).toHaveLength(1);

    const running = { exists: true, power: PowerState.RUNNING };
    for (const _ of 'xx')
      expect(await execute(world, startIt)).toMatchObject({ ok: true, success: { guest: running } });
    expect(await tasksOf('vzstart')).toHaveLength(1);
    const configureIt = { case: 'configureGuest', value: { guest, cores: 3, memoryMib: 0 } } as const;
    expect(await execute(world, configureIt)).toMatchObject({ ok: true });
    expect(await config()).toMatchObject({ cores: 3, memory: 256 });
    expect(await execute(world, inspectIt)).toMatchObject({ ok: true, success: { guest: running } });

    for (const _ of 'xx') expect(await execute(world, stopIt)).toMatchObject({ ok: true, success: { guest: stopped } });
    await execute(world, startIt);
    for (const _ of 'xx') {
      expect(await execute(world, deleteIt)).toMatchObject({ ok: true, success: { guest: { exists: false } } });
    }
    expect(await execute(world, inspectIt)).toMatchObject({ ok: true, success: { guest: { exists: false } } });
    expect(await execute(world, startIt)).toMatchObject(failed(CommandFailureCode.NOT_FOUND, /no container 201/));
  });

  it('gives the first process variables beside those it has, and says nothing of their values', async () => {
    const set = (...variables: { name: string; value: string }[]) =>
      ({ case: 'configureEnvironment', value: { guest, variables } }) as const;
    await execute(world, createIt);
    await world.byHand('PUT', '/nodes/pve1/lxc/201/config', { env: 'PATH=/opt/bin:/bin' });
    const context = testContext();
    const secret = { name: 'BERTH_LDAP_SECRET', value: 'beb_not-for-everybody=' };
    expect(await execute(world, set(secret), context)).toMatchObject({ ok: true });
    expect((await config()).env).toBe('PATH=/opt/bin:/bin\0BERTH_LDAP_SECRET=beb_not-for-everybody=');
    expect(await execute(world, set(secret), context)).toMatchObject({ ok: true });
    const refused = await execute(world, set({ name: 'BERTH_LDAP_SECRET', value: 'beb_not-for\nlxc.x = y' }), context);
    expect(refused).toMatchObject(failed(CommandFailureCode.INVALID, /BERTH_LDAP_SECRET.* cannot be set/));
    expect(JSON.stringify([context.lines, context.notes.read(), refused])).not.toContain('not-for');
  });

  it("takes a task's WARNINGS for a success and shows them", async () => {
    const task = { case: 'createGuest', value: { ...creation, template: 'debian-15' } } as const;
    const outcome = await execute(world, task);
    expect(outcome).toMatchObject({
      ok: true,
      success: { warnings: ['WARNINGS: 1', expect.stringContaining('newer than the tested version')] },
    });
  });

  it('finds a guest that moved to another node', async () => {
    await execute(world, createIt);
    const elsewhere = { ...guest, node: 'pve2' };
    const outcome = await execute(world, { case: 'inspectGuest', value: { guest: elsewhere } });
    expect(outcome).toMatchObject({ ok: true, success: { guest: { exists: true, node: 'pve1' } } });
    expect(await execute(world, { case: 'deleteGuest', value: { guest: elsewhere } })).toMatchObject({ ok: true });
    await expect(config()).rejects.toThrow('does not exist');
  });
});

describe('many at once', () => {
  const nth = (index: number) => ({
    node: index % 2 ? 'pve1' : 'pve2',
    vmid: 300 + index,
    hostname: `many${index}`,
    mac: `02:be:00:00:01:${index.toString(16).padStart(2, '0')}`,
    containerId: `ctr-${index}`,
  });

  it('come to life on both nodes, each once', async () => {
    const lives = Array.from({ length: 50 }, async (_, index) => {
      const ref = nth(index);
      const made = await execute(world, { case: 'createGuest', value: { ...creation, guest: ref } });
      const started = await execute(world, { case: 'startGuest', value: { guest: ref } });
      return made.ok && started.ok;
    });
    expect((await Promise.all(lives)).every(Boolean)).toBe(true);
    expect([world.backends.pve1.guests.size, world.backends.pve2.guests.size]).toEqual([25, 25]);
  });

  it('on one VMID leave it to one of them', async () => {
    const rivals = Array.from({ length: 6 }, (_, index) => ({ ...nth(index), node: 'pve1', vmid: 400 }));
    const outcomes = await Promise.all(
      rivals.map((ref) => execute(world, { case: 'createGuest', value: { ...creation, guest: ref } })),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const outcome of outcomes.filter(({ ok }) => !ok)) {
      expect(outcome).toMatchObject(failed(CommandFailureCode.VMID_TAKEN, /is taken by many/));
    }
  });
});

describe('after a crash', () => {
  it('finds its creation when it was killed between the request and the note of its UPID', async () => {
    slowCreateMs = 300;
    const first = testContext({}, 'upid');
    await expect(execute(world, createIt, first)).rejects.toThrow(Crash);
    expect(first.saved).toEqual({ intent: 'create', node: 'pve1', vmid: '201' });
    expect(await config()).toMatchObject({ lock: 'create' });
    expect(await execute(world, createIt, testContext(first.saved))).toMatchObject({ ok: true });
    expect(await tasksOf('vzcreate')).toHaveLength(1);
  });

  it('waits for the task whose UPID it noted, and finds the guest of one that is done', async () => {
    slowCreateMs = 300;
    const first = testContext();
    const running = execute(world, createIt, first);
    await waitFor(() => first.saved.upid, { what: 'the note' });
    expect(await execute(world, createIt, testContext({ ...first.saved }))).toMatchObject({ ok: true });
    expect(await running).toMatchObject({ ok: true });
    expect(await execute(world, createIt, testContext({ ...first.saved }))).toMatchObject({ ok: true });
    expect(await tasksOf('vzcreate')).toHaveLength(1);
  });

  it('deletes what is still being created', async () => {
    slowCreateMs = 300;
    await expect(execute(world, createIt, testContext({}, 'upid'))).rejects.toThrow(Crash);
    expect(await execute(world, deleteIt)).toMatchObject({ ok: true, success: { guest: { exists: false } } });
    await expect(config()).rejects.toThrow('does not exist');
  });
});

describe('what is not ours', () => {
  it('is never touched', async () => {
    await makeStrangers(201, { start: 1 });
    const before = await config();
    expect(await execute(world, createIt)).toMatchObject(failed(CommandFailureCode.VMID_TAKEN, /taken by stranger/));
    for (const task of [startIt, stopIt, deleteIt, inspectIt]) {
      expect(await execute(world, task)).toMatchObject(failed(CommandFailureCode.NOT_OURS, /stranger.*not touched/));
    }
    expect(await config()).toEqual(before);
    expect(await tasksOf('vzstop')).toHaveLength(0);
  });

  it('includes a clone that carries our mark with another hardware address', async () => {
    await makeStrangers(201, { description: 'berth:ctr-1', net0: 'name=eth0,bridge=vmbr0,ip=dhcp' });
    expect(await execute(world, deleteIt)).toMatchObject(failed(CommandFailureCode.NOT_OURS, /not provably/));
  });

  it('is not waited for while somebody else creates it', async () => {
    slowCreateMs = 500;
    const ostemplate = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
    await world.byHand('POST', '/nodes/pve1/lxc', { vmid: 201, ostemplate, rootfs: 'local-lvm:1' });
    expect(await execute(world, createIt)).toMatchObject(failed(CommandFailureCode.VMID_TAKEN, /is taken/));
  });
});
