import { type CommandFailureCode as Code, CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import {
  Crash,
  createPveWorld,
  execute,
  makeCertificates,
  POOR_TOKEN,
  type PveWorld,
  testContext,
} from './proxmox-world.ts';

// The proxmox role over HTTPS against the simulator, which is held to a real node's recordings.

const guest = { node: 'pve1', vmid: 201, hostname: 'web1', mac: '02:be:00:00:00:01', containerId: 'ctr-1' };
const creation = {
  guest,
  template: 'debian-12',
  cores: 2,
  memoryMib: 256,
  swapMib: 0,
  diskGib: 4,
  imageStorage: 'local',
  volumeStorage: 'local-lvm',
  bridge: 'vmbr0',
  onBoot: true,
  unprivileged: true,
  nesting: true,
};
const createIt = { case: 'createGuest', value: creation } as const;
const startIt = { case: 'startGuest', value: { guest } } as const;
const stopIt = { case: 'stopGuest', value: { guest, graceSeconds: 5 } } as const;
const deleteIt = { case: 'deleteGuest', value: { guest, graceSeconds: 5 } } as const;
const inspectIt = { case: 'inspectGuest', value: { guest } } as const;

let world: PveWorld;
let slowCreateMs = 0;
let failure: string | undefined;

beforeEach(async () => {
  slowCreateMs = 0;
  failure = undefined;
  world = await createPveWorld({
    lockTimeoutMs: 3_000,
    tasks: {
      delayMs: (type) => (type === 'vzcreate' ? slowCreateMs : 0),
      failure: () => failure,
    },
  });
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

function failed(code: Code, message: RegExp) {
  return { ok: false, code, message: expect.stringMatching(message) };
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

describe('refusals', () => {
  it('names the templates there are when the wanted one is missing', async () => {
    const bare = await execute(world, { case: 'createGuest', value: { ...creation, template: 'debian-99' } });
    expect(bare).toMatchObject(failed(CommandFailureCode.INVALID, /no template "debian-99".*debian-12-standard_12.7/));
    const volume = { ...creation, template: 'local:vztmpl/gone.tar.zst' };
    const outcome = await execute(world, { case: 'createGuest', value: volume });
    expect(outcome).toMatchObject(
      failed(CommandFailureCode.INVALID, /volume 'local:vztmpl\/gone.tar.zst' does not exist/),
    );
    await expect(config()).rejects.toThrow('does not exist');
  });

  it("gives a failed task's words and the end of its log", async () => {
    const outcome = await execute(world, { case: 'createGuest', value: { ...creation, template: 'broken_1.0_amd64' } });
    expect(outcome).toMatchObject({
      ...failed(CommandFailureCode.TASK_FAILED, /unable to create CT 201.*exit code 2/),
      logTail: expect.arrayContaining(['gzip: stdin: not in gzip format']),
    });
  });

  it.each([
    [{ memoryMib: 1 }, /memory: value must have a minimum value of 16/],
    [{ guest: { ...guest, hostname: 'no_name!' } }, /hostname: /],
    [{ volumeStorage: 'nowhere' }, /storage 'nowhere' does not exist/],
  ])('says what PVE refuses of %j', async (change, message) => {
    const outcome = await execute(world, { case: 'createGuest', value: { ...creation, ...change } });
    expect(outcome).toMatchObject(failed(CommandFailureCode.INVALID, message));
  });

  it('waits for a lock, and says so when it stays', async () => {
    await execute(world, createIt);
    await world.byHand('PUT', '/nodes/pve1/lxc/201/config', { lock: 'backup' });
    expect(await execute(world, startIt)).toMatchObject(failed(CommandFailureCode.LOCKED, /CT is locked \(backup\)/));
    const context = testContext();
    const starting = execute(world, startIt, context);
    await waitFor(() => context.lines.some((line) => line.includes('trying again')), { what: 'the first attempt' });
    world.cluster.unlock(201);
    expect(await starting).toMatchObject({ ok: true });
  });

  it('tries again when the configuration lock was busy', async () => {
    await execute(world, createIt);
    failure = "can't lock file '/run/lock/lxc/pve-config-201.lock' - got timeout";
    const context = testContext();
    const starting = execute(world, startIt, context);
    await waitFor(() => context.lines.some((line) => line.includes('trying again')), { what: 'the first attempt' });
    failure = undefined;
    expect(await starting).toMatchObject({ ok: true });
  });

  it('stops a creation that is cancelled and leaves nothing', async () => {
    slowCreateMs = 20_000;
    const context = testContext();
    const creating = execute(world, createIt, context);
    await waitFor(() => context.saved.upid, { what: 'the note' });
    context.abort();
    expect(await creating).toMatchObject(failed(CommandFailureCode.CANCELLED, /cancelled/));
    await waitFor(
      () =>
        config().then(
          () => false,
          () => true,
        ),
      { what: 'the container to be gone' },
    );
  });
});

describe('access', () => {
  const inspectWith = async (change: Record<string, string>) => {
    await world.apply(world.node('pve1', change));
    return execute(world, inspectIt);
  };

  it('names the privilege that is missing, and says when the token is refused', async () => {
    const poor = await inspectWith({ tokenId: POOR_TOKEN.id, tokenSecret: POOR_TOKEN.secret });
    expect(poor).toMatchObject(failed(CommandFailureCode.PERMISSION, /\/vms\/201, VM.Audit/));
    const bad = await inspectWith({ tokenSecret: 'wrong' });
    expect(bad).toMatchObject(failed(CommandFailureCode.PERMISSION, /invalid token value/));
    expect(JSON.stringify(bad)).not.toContain('"wrong"');
  });

  it('trusts the authority, or the pin, or both, and nothing else', async () => {
    const pin = world.fingerprint;
    const other = await makeCertificates();
    const wrongPin = pin.replace(/^../, (pair) => (pair === '00' ? '11' : '00'));
    expect(await inspectWith({ fingerprint: pin })).toMatchObject({ ok: true });
    expect(await inspectWith({ caPem: '', fingerprint: pin })).toMatchObject({ ok: true });
    const refused = (message: RegExp) => failed(CommandFailureCode.UNAVAILABLE, message);
    expect(await inspectWith({ caPem: '', fingerprint: wrongPin })).toMatchObject(refused(/not the pinned/));
    expect(await inspectWith({ fingerprint: wrongPin })).toMatchObject(refused(/not the pinned/));
    expect(await inspectWith({ caPem: other.ca, fingerprint: pin })).toMatchObject(refused(/certificate/));
    expect(await inspectWith({ caPem: '' })).toMatchObject(refused(/certificate/));
  });

  it('says that a node cannot be reached, or is not known', async () => {
    world.cluster.setOffline('pve2', true);
    const there = { case: 'inspectGuest', value: { guest: { ...guest, node: 'pve2' } } } as const;
    expect(await execute(world, there)).toMatchObject({ ok: false, code: CommandFailureCode.UNAVAILABLE });
    expect(await inspectWith({ apiUrl: 'https://127.0.0.1:1' })).toMatchObject(
      failed(CommandFailureCode.UNAVAILABLE, /ECONNREFUSED/),
    );
    await world.apply();
    expect(await execute(world, inspectIt)).toMatchObject(failed(CommandFailureCode.UNAVAILABLE, /knows no PVE node/));
  });
});
