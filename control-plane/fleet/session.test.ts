import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { ConfigPhase, Role } from '@berth/proto/agent/v1/session_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentById, revokeAgent } from '../store/agents.ts';
import {
  abandonCommands,
  cancelCommand,
  commandById,
  commandOutcome,
  queueCommand,
} from '../store/commands.ts';
import { guestStateOf } from '../store/guest-states.ts';
import { leasesOf } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import { Fleet } from './fleet.ts';
import {
  addAgent,
  addContainer,
  addSite,
  memoryStore,
  record,
  ScriptedAgent,
  ScriptedView,
  silentLog,
} from './test-site.ts';

const DAY_MS = 86_400_000;

let clock: VirtualClock;
let store: Store;
let view: ScriptedView;
let fleet: Fleet;
let siteId: string;
let agentId: string;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await memoryStore(clock);
  siteId = await addSite(store);
  agentId = await addAgent(store, siteId);
  view = new ScriptedView();
  view.set([record('web1', '10.64.0.10')]);
  fleet = newFleet('rep-1');
  await fleet.start();
});

afterEach(async () => {
  await fleet.stop();
  await store.close();
});

function newFleet(replicaId: string): Fleet {
  return new Fleet({ store, clock, random: () => 0.5, log: silentLog, replicaId, openView: async () => view });
}

/** Opens a session; without a name it is the same agent again. */
async function connect(agent = new ScriptedAgent(), on = fleet): Promise<ScriptedAgent> {
  agent.ended = undefined;
  agent.heard.length = 0;
  agent.end = on.accept({ agentId, notAfter: clock.now() + DAY_MS }, agent);
  agent.hello();
  await settle();
  return agent;
}

const settle = () => clock.advance(10);

async function row() {
  const found = await agentById(store.db, agentId);
  if (!found) throw new Error('the agent is gone');
  return found;
}

function conditionsOf(column: 'agent_id' | 'container_id', id: string) {
  return store.db.selectFrom('conditions').selectAll().where(column, '=', id).execute();
}

async function move(...resources: Parameters<ScriptedView['set']>[0]): Promise<void> {
  view.set(resources);
  store.feed.publish({ kind: 'site', id: siteId });
  await settle();
}

const inspect = (deadlineMs = 60_000) =>
  store.transaction((tx) => queueCommand(tx, { agentId, task: { case: 'inspectGuest', value: {} }, deadlineMs }));

test('welcomes an agent, sends a snapshot, and notes all four generations', async () => {
  const agent = await connect();
  expect(agent.heard.map(({ case: kind }) => kind)).toEqual(['welcome', 'config']);
  expect(agent.all('welcome')[0]).toMatchObject({ epoch: 1n, agentId });
  expect(agent.all('config')[0]).toMatchObject({ snapshot: true, toGeneration: 2n });
  expect(await row()).toMatchObject({
    desired_generation: 2,
    sent_generation: 2,
    acked_generation: 2,
    running_generation: 2,
    session_id: agent.all('welcome')[0]?.sessionId,
    replica_id: 'rep-1',
    version: '0.1.0',
  });
});

test('sends what changed as a delta, and nothing to an agent that has it', async () => {
  const agent = await connect();
  await move(record('web1', '10.64.0.10'), record('web2', '10.64.0.11'));
  expect(agent.all('config')[1]).toMatchObject({ snapshot: false, fromGeneration: 2n, toGeneration: 3n });
  expect([...agent.held.resources.keys()]).toEqual(['nameRecord/web1', 'nameRecord/web2']);
  agent.end?.closed();
  await connect(agent);
  expect(agent.heard.map(({ case: kind }) => kind)).toEqual(['welcome']);
});

test('a generation with the same content is an empty delta, also when history is lost', async () => {
  const agent = await connect();
  view.remembers = false;
  await move(...view.current);
  expect(agent.all('config')[1]).toMatchObject({ snapshot: false, toGeneration: 3n, upserts: [], removals: [] });
  expect((await row()).running_generation).toBe(3);
});

test('keeps one delta in flight and then sends only the newest', async () => {
  const agent = await connect();
  agent.onDelta = () => false;
  for (let i = 0; i < 5; i++) await move(record('web1', `10.64.0.2${i}`));
  expect(agent.all('config').map(({ toGeneration }) => toGeneration)).toEqual([2n, 3n]);
  expect((await row()).desired_generation).toBe(7);
  agent.onDelta = () => true;
  agent.answerLast();
  await settle();
  expect(agent.all('config').at(-1)?.toGeneration).toBe(7n);
  expect((await row()).running_generation).toBe(7);
});

test('ends the session when a delta is not answered', async () => {
  const agent = await connect();
  agent.onDelta = () => false;
  await move(record('web1', '10.64.0.20'));
  for (let i = 0; i < 6; i++) {
    agent.say({ case: 'heartbeat', value: {} });
    await clock.advance(10_000);
  }
  expect(agent.ended?.code).toBe('deadline_exceeded');
});

test('a refused generation is not sent again until something changes or somebody asks', async () => {
  const agent = await connect();
  agent.outcome = { phase: ConfigPhase.REJECTED, message: 'nginx: [emerg] unknown directive' };
  await move(record('web1', '10.64.0.20'));
  expect(await row()).toMatchObject({ acked_generation: 3, running_generation: 2, rejected_generation: 3 });
  const conditions = await conditionsOf('agent_id', agentId);
  expect(conditions).toMatchObject([{ kind: 'config_rejected', message: 'nginx: [emerg] unknown directive' }]);

  store.feed.publish({ kind: 'site', id: siteId });
  await clock.advance(20_000);
  expect(agent.all('config')).toHaveLength(2);

  agent.outcome = { phase: ConfigPhase.RUNNING };
  await fleet.retry(agentId);
  await settle();
  expect(agent.all('config')).toHaveLength(3);
  expect(await row()).toMatchObject({ running_generation: 3, rejected_generation: 0, rejected_message: '' });
  expect(await conditionsOf('agent_id', agentId)).toEqual([]);
});

test('an agent that cannot take a delta gets a snapshot', async () => {
  const agent = await connect();
  agent.held = { ...agent.held, resources: new Map(), digest: new ScriptedAgent().held.digest };
  await move(record('web2', '10.64.0.11'));
  expect(agent.all('config').map(({ snapshot }) => snapshot)).toEqual([true, false, true]);
  expect((await row()).running_generation).toBe(3);
});

test('quarantined resources are conditions of agent and container until they heal', async () => {
  const containerId = await addContainer(store, siteId);
  const agent = await connect();
  const resource = { kind: 'httpRoute', name: `${containerId}/svc-1` };
  agent.outcome = {
    phase: ConfigPhase.RUNNING,
    errors: [{ resource, stage: 'validate', exitCode: 1, stderrTail: 'host not found in upstream "x"\n' }],
  };
  await move(record('web1', '10.64.0.20'));
  const [condition] = await conditionsOf('container_id', containerId);
  expect(condition).toMatchObject({
    kind: 'quarantined',
    agent_id: agentId,
    message: 'host not found in upstream "x"',
  });
  await clock.advance(5_000);
  await move(record('web1', '10.64.0.21'));
  expect((await conditionsOf('container_id', containerId))[0]?.since).toBe(condition?.since);
  agent.outcome = { phase: ConfigPhase.RUNNING };
  await move(record('web1', '10.64.0.22'));
  expect(await conditionsOf('container_id', containerId)).toEqual([]);
});

test('a newer session takes over, here and on another replica', async () => {
  const first = await connect();
  const second = await connect();
  expect(first.ended?.code).toBe('aborted');
  expect((await row()).epoch).toBe(2);

  const other = newFleet('rep-2');
  await other.start();
  const third = await connect(new ScriptedAgent(), other);
  expect(second.ended?.code).toBe('aborted');
  expect(await row()).toMatchObject({ epoch: 3, replica_id: 'rep-2', session_id: third.all('welcome')[0]?.sessionId });
  await other.stop();
  expect((await row()).session_id).toBeNull();
});

test('a superseded session writes nothing, even when the nudge is lost', async () => {
  const agent = await connect();
  await store.db.updateTable('agents').set({ epoch: 9, session_id: 'ses-other' }).execute();
  agent.say({ case: 'driftReport', value: { path: '/etc/x', kind: 'changed', role: Role.NGINX } });
  await settle();
  expect(agent.ended?.code).toBe('aborted');
  expect(await conditionsOf('agent_id', agentId)).toEqual([]);
  expect((await row()).session_id).toBe('ses-other');
});

test('the epoch lies above what the agent has seen, whatever the database says', async () => {
  const agent = new ScriptedAgent();
  agent.held = { ...agent.held, epoch: 41n };
  await connect(agent);
  expect(agent.all('welcome')[0]?.epoch).toBe(42n);
});

test('a revoked agent loses its session at once and gets no other', async () => {
  const agent = await connect();
  const commandId = await inspect();
  await settle();
  await store.transaction(async (tx) => {
    await revokeAgent(tx, agentId);
    await abandonCommands(tx, agentId, 'revoked');
  });
  await settle();
  expect(agent.ended?.code).toBe('unauthenticated');
  const result = await commandOutcome(store, commandId, new AbortController().signal);
  expect(result.outcome.value).toMatchObject({ code: CommandFailureCode.UNAVAILABLE });
  await connect(agent);
  expect(agent.ended?.code).toBe('unauthenticated');
  expect(agent.heard).toEqual([]);
});

test('sends a command once a session, again after a reconnect, and never after its result', async () => {
  const agent = await connect();
  const id = await inspect();
  await settle();
  store.feed.publish({ kind: 'agent', id: agentId });
  await settle();
  expect(agent.all('command')).toMatchObject([{ id, epoch: 1n, task: { case: 'inspectGuest' } }]);

  agent.end?.closed();
  await connect(agent);
  expect(agent.all('command')).toMatchObject([{ id, epoch: 2n }]);
  const outcome = commandOutcome(store, id, new AbortController().signal);
  agent.say({
    case: 'commandResult',
    value: { commandId: id, outcome: { case: 'success', value: { warnings: ['W'] } } },
  });
  await settle();
  expect(agent.all('reportAck')[0]?.commandIds).toEqual([id]);
  expect((await outcome).outcome.value).toMatchObject({ warnings: ['W'] });

  agent.end?.closed();
  await connect(agent);
  expect(agent.all('command')).toEqual([]);
});

test('finds a command whose nudge was lost', async () => {
  const agent = await connect();
  const id = await store.transaction(({ db, now }) =>
    queueCommand({ db, now, nudge() {} }, { agentId, task: { case: 'inspectGuest', value: {} }, deadlineMs: 60_000 }),
  );
  await settle();
  expect(agent.all('command')).toEqual([]);
  await clock.advance(6_000);
  expect(agent.all('command')).toMatchObject([{ id }]);
});

test('a command nobody could be sent expires; one that was sent is asked about for ever', async () => {
  const never = await inspect(30_000);
  await clock.advance(40_000);
  const result = await commandOutcome(store, never, new AbortController().signal);
  expect(result.outcome.value).toMatchObject({ code: CommandFailureCode.DEADLINE });

  const agent = await connect();
  const sent = await inspect(30_000);
  await settle();
  agent.end?.closed();
  await clock.advance(40_000);
  expect((await commandById(store.db, sent))?.state).toBe('sent');
  await connect(agent);
  expect(agent.all('command')).toMatchObject([{ id: sent }]);
});

test('cancelling withdraws what was not sent and asks about what was', async () => {
  const queued = await inspect();
  await cancelCommand(store, queued);
  const withdrawn = await commandOutcome(store, queued, new AbortController().signal);
  expect(withdrawn.outcome.value).toMatchObject({ code: CommandFailureCode.CANCELLED });

  const agent = await connect();
  const sent = await inspect();
  await settle();
  await cancelCommand(store, sent);
  await settle();
  agent.end?.closed();
  await connect(agent);
  expect(agent.all('command')).toEqual([]);
  expect(agent.all('cancel')).toMatchObject([{ commandId: sent }]);
});

test('waiting for a command ends with its signal', async () => {
  const id = await inspect();
  const abort = new AbortController();
  const outcome = commandOutcome(store, id, abort.signal);
  await settle();
  abort.abort(new Error('enough'));
  await expect(outcome).rejects.toThrow('enough');
});

test('leases: stored, acknowledged, judged against reservations, ended by a full report', async () => {
  const containerId = await addContainer(store, siteId);
  const agent = await connect();
  const lease = (mac: string, address: string) => ({
    mac,
    address,
    expiresAt: timestampFromMs(clock.now() + 3_600_000),
  });
  agent.say({
    case: 'leaseReport',
    value: {
      seq: 4n,
      full: true,
      upserts: [lease('BC:24:11:00:00:01', '10.64.0.99'), lease('02:00:00:00:00:09', '10.64.0.50')],
    },
  });
  await settle();
  expect(agent.all('reportAck')[0]?.leaseSeq).toBe(4n);
  expect((await row()).acked_lease_seq).toBe(4);
  expect((await leasesOf(store.db, siteId)).map(({ address }) => address)).toContain('10.64.0.99');
  expect(await conditionsOf('container_id', containerId)).toMatchObject([
    { kind: 'lease_conflict', severity: 'error' },
  ]);
  const kinds = (await conditionsOf('agent_id', agentId)).map(({ kind }) => kind);
  expect(kinds.sort()).toEqual(['lease_conflict', 'unknown_device']);

  agent.say({ case: 'leaseReport', value: { seq: 5n, upserts: [lease('bc:24:11:00:00:01', '10.64.0.10')] } });
  await settle();
  expect(await conditionsOf('container_id', containerId)).toEqual([]);
  agent.say({
    case: 'leaseReport',
    value: { seq: 6n, full: true, upserts: [lease('bc:24:11:00:00:01', '10.64.0.10')] },
  });
  await settle();
  expect((await leasesOf(store.db, siteId)).map(({ mac }) => mac)).toEqual(['bc:24:11:00:00:01']);
  expect(await conditionsOf('agent_id', agentId)).toEqual([]);
});

test('guests, nodes out of reach, health and drift become rows and conditions', async () => {
  const containerId = await addContainer(store, siteId);
  const agent = await connect();
  const guest = {
    node: 'pve-1',
    vmid: 100,
    exists: true,
    power: 1,
    cpu: 0.25,
    uptimeSeconds: 5n,
    addresses: ['10.64.0.10'],
  };
  agent.say({ case: 'guestReport', value: { guests: [guest], unreachableNodes: { pve2: 'timed out' } } });
  agent.say({ case: 'health', value: { ok: false, findings: ['nginx does not run'] } });
  const seenAt = timestampFromMs(clock.now());
  agent.say({
    case: 'driftReport',
    value: { path: '/etc/nginx/a', kind: 'changed', seenAt, repairedAt: timestampFromMs(clock.now() + 20) },
  });
  await settle();
  expect(await guestStateOf(store.db, containerId)).toMatchObject({ power: 'running', cpu_permille: 250 });
  const found = await conditionsOf('agent_id', agentId);
  expect(found.map(({ kind, severity, message }) => ({ kind, severity, message }))).toEqual(
    expect.arrayContaining([
      { kind: 'node_unreachable', severity: 'warning', message: 'timed out' },
      { kind: 'health', severity: 'error', message: 'nginx does not run' },
      { kind: 'drift', severity: 'info', message: 'was changed by somebody else and has been put back after 20 ms' },
    ]),
  );
  agent.say({ case: 'guestReport', value: { guests: [], full: true } });
  agent.say({ case: 'health', value: { ok: true } });
  await settle();
  expect((await conditionsOf('agent_id', agentId)).map(({ kind }) => kind)).toEqual(['drift']);
});

test('a silent agent loses its session, a session ends with its certificate, and both need Hello first', async () => {
  const agent = await connect();
  await clock.advance(36_000);
  expect(agent.ended?.code).toBe('deadline_exceeded');
  expect((await row()).session_id).toBeNull();

  const expiring = new ScriptedAgent();
  expiring.end = fleet.accept({ agentId, notAfter: clock.now() + 5_000 }, expiring);
  expiring.hello();
  await clock.advance(6_000);
  expect(expiring.ended?.code).toBe('unauthenticated');

  const rude = new ScriptedAgent();
  rude.end = fleet.accept({ agentId, notAfter: clock.now() + DAY_MS }, rude);
  rude.say({ case: 'health', value: { ok: true } });
  await settle();
  expect(rude.ended?.code).toBe('invalid_argument');

  const mute = new ScriptedAgent();
  mute.end = fleet.accept({ agentId, notAfter: clock.now() + DAY_MS }, mute);
  await clock.advance(11_000);
  expect(mute.ended?.code).toBe('deadline_exceeded');
});

test('heartbeats are not written one by one', async () => {
  const agent = await connect();
  const before = (await row()).last_seen_at;
  await clock.advance(9_000);
  agent.say({ case: 'heartbeat', value: { seq: 1n } });
  await settle();
  expect((await row()).last_seen_at).toBe(before);
  expect(fleet.lastSeenAt(agentId)).toBeGreaterThan(before ?? 0);
  await clock.advance(25_000);
  expect((await row()).last_seen_at).toBeGreaterThan(before ?? 0);
});

test('a restarted replica forgets the sessions of its former life', async () => {
  await store.db.updateTable('agents').set({ session_id: 'ses-dead', replica_id: 'rep-9' }).execute();
  const reborn = newFleet('rep-9');
  await reborn.start();
  expect((await row()).session_id).toBeNull();
  await reborn.stop();
});
