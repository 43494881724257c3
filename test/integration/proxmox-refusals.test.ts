import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { createIt, creation, failed, guest, inspectIt, startIt } from './proxmox-commands.ts';
import { createPveWorld, execute, makeCertificates, POOR_TOKEN, type PveWorld, testContext } from './proxmox-world.ts';

// How the proxmox role says what PVE, a lock, the token or the certificate refuses.

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
    [{ bridge: 'vmbr0,ip=10.0.0.1/24' }, /bridge: "vmbr0,ip=10.0.0.1\/24" cannot be one/],
    [{ guest: { ...guest, vmid: 99 } }, /vmid: must be 100/],
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

  it('stops waiting when it is cancelled, and whoever comes next finds the creation', async () => {
    slowCreateMs = 500;
    const context = testContext();
    const creating = execute(world, createIt, context);
    await waitFor(() => context.saved.upid, { what: 'the note' });
    context.abort();
    expect(await creating).toMatchObject(failed(CommandFailureCode.CANCELLED, /cancelled/));
    expect(await config()).toMatchObject({ lock: 'create' });
    expect(await execute(world, createIt, testContext(context.saved))).toMatchObject({ ok: true });
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
