import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigPhase, DriftReportSchema, HealthSchema, Role } from '@berth/proto/agent/v1/session_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from './agent.ts';
import { CommandJournal } from './command-journal.ts';
import { Ledger } from './ledger.ts';
import { FakeRole, RUNNING } from './testing/fake-role.ts';
import { quiet } from './testing/logger.ts';
import { deltaTo, heldSet, nameRecord, snapshotOf } from './testing/resources.ts';
import { ScriptedControl } from './testing/scripted-control.ts';

const { ACCEPTED, RUNNING: RUNS, REJECTED, NEED_SNAPSHOT } = ConfigPhase;
const ONE = heldSet(7n, 1n, [nameRecord('a')]);
const TWO = heldSet(7n, 2n, [nameRecord('a'), nameRecord('b')]);

let dir: string;
let clock: VirtualClock;
let role: FakeRole;
let agent: Agent;
let trusted: string[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-agent-'));
  clock = new VirtualClock();
  agent = await newAgent();
});
afterEach(async () => {
  await agent.stop();
  await rm(dir, { recursive: true, force: true });
});

async function newAgent(): Promise<Agent> {
  role = new FakeRole();
  trusted = [];
  const made = new Agent({
    roles: [role],
    ledger: await Ledger.open(dir),
    journal: await CommandJournal.open(dir, clock),
    clock,
    random: () => 0.5,
    log: quiet,
    instance: 'run-1',
    bootId: 'boot-1',
    version: '0.0.0',
    stateDirOf: async () => dir,
    trust: async (bundle) => void trusted.push(bundle),
  });
  return made;
}

async function restarted(): Promise<void> {
  await agent.stop();
  agent = await newAgent();
}

function phases(control: ScriptedControl): [bigint, ConfigPhase][] {
  return control.said('configStatus').map(({ generation, phase }) => [generation, phase]);
}

async function push(control: ScriptedControl, value: ReturnType<typeof snapshotOf>): Promise<void> {
  control.say({ case: 'config', value });
  await agent.idle();
}

describe('Agent', () => {
  it('tries at once what was set aside when its role says that the cause is gone, and tells the outcome', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    const fault = { resource: { kind: 'nameRecord', name: 'a' }, stage: 'reload', stderrTail: 'taken' };
    role.onApply = () => ({ ...RUNNING, errors: [fault] });
    await push(control, snapshotOf(ONE));
    role.onApply = () => RUNNING;
    role.context?.requestApply();
    await agent.idle();
    expect(role.applied).toHaveLength(2);
    expect(control.said('configStatus').map(({ errors }) => errors.length)).toEqual([0, 1, 0]);
  });

  it('says hello with what it holds, and takes a snapshot and a delta', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    expect(control.sent[0]).toMatchObject({
      case: 'hello',
      value: { instance: 'run-1', roles: [Role.DNSMASQ], capabilities: ['fake/1'], held: { generation: 0n } },
    });
    await push(control, snapshotOf(ONE));
    await push(control, deltaTo(TWO, ONE));
    expect(phases(control)).toEqual([
      [1n, ACCEPTED],
      [1n, RUNS],
      [2n, ACCEPTED],
      [2n, RUNS],
    ]);
    expect(role.applied.map(({ resources }) => resources.size)).toEqual([1, 2]);
    expect(role.applied[1]?.changed).toEqual(new Set(['nameRecord/b']));
  });

  it('touches nothing on the host before it ever held a set', async () => {
    await agent.start();
    expect(role.applied).toEqual([]);
  });

  it('applies its ledger at start without a control plane, and tells the next session', async () => {
    await agent.start();
    await push(new ScriptedControl(agent).welcome(7n), snapshotOf(ONE));
    await restarted();
    await agent.start();
    expect(role.applied).toMatchObject([{ generation: 1n }]);
    const control = new ScriptedControl(agent).welcome(8n);
    expect(control.said('hello')[0]?.held).toMatchObject({ epoch: 7n, generation: 1n, runningGeneration: 1n });
    expect(phases(control)).toEqual([[1n, RUNS]]);
  });

  it('keeps trying a ledger that is refused at start', async () => {
    await agent.start();
    await push(new ScriptedControl(agent).welcome(7n), snapshotOf(ONE));
    await restarted();
    role.onApply = () => ({ status: 'rejected', message: 'not now', errors: [], timingsMs: {} });
    await agent.start();
    role.onApply = () => RUNNING;
    const control = new ScriptedControl(agent).welcome(8n);
    await clock.advance(2_000);
    await expect
      .poll(() => phases(control))
      .toEqual([
        [1n, REJECTED],
        [1n, RUNS],
      ]);
  });

  it('goes on without a role that does not start, and brings it up with the next apply', async () => {
    role.onStart = () => Promise.reject(new Error('no program'));
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    expect(control.said('health').at(-1)?.findings).toEqual(['the role dnsmasq does not start: no program']);
    await push(control, snapshotOf(ONE));
    role.onStart = async () => {};
    await clock.advance(2_000);
    await expect.poll(() => phases(control).map(([, phase]) => phase)).toEqual([ACCEPTED, REJECTED, RUNS]);
    expect(control.said('health').at(-1)?.findings).toEqual([]);
  });

  it('asks for a snapshot when a delta does not fit', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    await push(control, deltaTo(TWO, ONE));
    expect(phases(control)).toEqual([[2n, NEED_SNAPSHOT]]);
  });

  it('refuses an older generation and another set under the same one', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    await push(control, snapshotOf(TWO));
    await push(control, snapshotOf(ONE));
    await push(control, snapshotOf(heldSet(7n, 2n, [nameRecord('z')])));
    expect(phases(control).slice(2)).toEqual([
      [1n, REJECTED],
      [2n, REJECTED],
    ]);
    const messages = control.said('configStatus').slice(2);
    expect(messages.map(({ message }) => message.split(':')[0])).toEqual(['stale', 'conflicting']);
    expect(role.applied).toHaveLength(1);
  });

  it('answers a repeated generation from what it knows, and tries a rejected one again', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    await push(control, snapshotOf(ONE));
    await push(control, snapshotOf(ONE));
    expect(role.applied).toHaveLength(1);
    role.onApply = () => ({ status: 'rejected', message: 'no', errors: [], timingsMs: {} });
    await push(control, deltaTo(TWO, ONE));
    role.onApply = () => RUNNING;
    await push(control, deltaTo(TWO, ONE));
    const expected = [
      [1n, ACCEPTED],
      [1n, RUNS],
      [1n, ACCEPTED],
      [1n, RUNS],
    ];
    const again = [
      [2n, ACCEPTED],
      [2n, REJECTED],
      [2n, ACCEPTED],
      [2n, REJECTED],
      [2n, RUNS],
    ];
    expect(phases(control)).toEqual([...expected, ...again]);
  });

  it('takes a generation that changes nothing without an apply', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    await push(control, snapshotOf(ONE));
    await push(control, deltaTo({ ...ONE, epoch: 8n, generation: 5n }, ONE));
    expect(phases(control).slice(2)).toEqual([
      [5n, ACCEPTED],
      [5n, RUNS],
    ]);
    expect(role.applied).toHaveLength(1);
  });

  it('refuses a session whose epoch is behind, and lets a newer one take over', async () => {
    await agent.start();
    const first = new ScriptedControl(agent).welcome(7n);
    const second = new ScriptedControl(agent).welcome(8n);
    expect(new ScriptedControl(agent).welcome(7n).closed).toBe('epoch 7 is behind');
    await push(first, snapshotOf(ONE));
    expect(phases(first)).toEqual([]);
    await push(second, snapshotOf({ ...ONE, epoch: 8n }));
    expect(phases(second)).toEqual([
      [1n, ACCEPTED],
      [1n, RUNS],
    ]);
    expect(role.sessions).toBe(2);
  });

  it('closes a session that does not begin with a welcome', async () => {
    await agent.start();
    const control = new ScriptedControl(agent);
    control.say({ case: 'reportAck', value: { commandIds: [] } });
    expect(control.closed).toBe('reportAck came before welcome');
  });

  it('beats, drains and takes new authorities', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    await clock.advance(15_000);
    expect(control.said('heartbeat').map(({ seq }) => seq)).toEqual([1n, 2n, 3n]);
    control.say({ case: 'drain', value: { reconnectAfter: { seconds: 2n }, jitter: { nanos: 500_000_000 } } });
    control.say({ case: 'trustUpdate', value: { caBundlePem: 'pem' } });
    expect(control.drained).toEqual([2_000, 500]);
    expect(trusted).toEqual(['pem']);
  });

  it('executes commands of its epoch only, and repeats results until they are acknowledged', async () => {
    await agent.start();
    const control = new ScriptedControl(agent).welcome(7n);
    const task = { case: 'releaseLease', value: { mac: 'm', address: 'a' } } as const;
    control.say({ case: 'command', value: { id: 'old', epoch: 6n, task } });
    control.say({ case: 'command', value: { id: 'new', epoch: 7n, task } });
    await expect.poll(() => control.said('commandResult').length).toBe(1);
    expect(role.executed).toEqual(['new']);
    control.session.end();
    const second = new ScriptedControl(agent).welcome(8n);
    expect(second.said('hello')[0]?.unacknowledgedResults).toBe(1);
    expect(second.said('commandResult')).toMatchObject([{ commandId: 'new' }]);
    second.say({ case: 'reportAck', value: { commandIds: ['new'] } });
    await clock.advance(60_000);
    expect(second.said('commandResult')).toHaveLength(1);
  });

  it('keeps reports for the next session and says how the host is', async () => {
    await agent.start();
    role.context?.report({
      case: 'driftReport',
      value: create(DriftReportSchema, { role: Role.DNSMASQ, path: 'hosts' }),
    });
    const ill = create(HealthSchema, { ok: false, findings: ['no worker'], workers: 2 });
    role.context?.report({ case: 'health', value: ill });
    agent.finding('certificate', 'ends soon');
    const control = new ScriptedControl(agent).welcome(7n);
    expect(control.said('driftReport')).toMatchObject([{ path: 'hosts' }]);
    const health = control.said('health').at(-1);
    expect(health).toMatchObject({ ok: false, findings: ['no worker', 'ends soon'], workers: 2 });
    agent.finding('certificate', undefined);
    expect(control.said('health').at(-1)?.findings).toEqual(['no worker']);
  });
});
