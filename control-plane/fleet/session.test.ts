import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { Role } from '@berth/proto/agent/v1/session_pb.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { revokeAgent } from '../store/agents.ts';
import { abandonCommands, commandOutcome } from '../store/commands.ts';
import { ScriptedAgent } from './test-site.ts';
import { DAY_MS, TestWorld } from './test-world.ts';

let world: TestWorld;

beforeEach(async () => {
  world = await TestWorld.open();
});

afterEach(() => world.close());

test('welcomes an agent, sends a snapshot, and notes all four generations', async () => {
  const agent = await world.connect();
  expect(agent.heard.map(({ case: kind }) => kind)).toEqual(['welcome', 'config']);
  expect(agent.all('welcome')[0]).toMatchObject({ epoch: 1n, agentId: world.agentId });
  expect(agent.all('config')[0]).toMatchObject({ snapshot: true, toGeneration: 2n });
  expect(await world.row()).toMatchObject({
    desired_generation: 2,
    sent_generation: 2,
    acked_generation: 2,
    running_generation: 2,
    session_id: agent.all('welcome')[0]?.sessionId,
    replica_id: 'rep-1',
    version: '0.1.0',
  });
});

test('a newer session takes over, here and on another replica', async () => {
  const first = await world.connect();
  const second = await world.connect();
  expect(first.ended?.code).toBe('aborted');
  expect((await world.row()).epoch).toBe(2);

  const other = world.newFleet('rep-2');
  await other.start();
  const third = await world.connect(new ScriptedAgent(), other);
  expect(second.ended?.code).toBe('aborted');
  expect(await world.row()).toMatchObject({
    epoch: 3,
    replica_id: 'rep-2',
    session_id: third.all('welcome')[0]?.sessionId,
  });
  await other.stop();
  expect((await world.row()).session_id).toBeNull();
});

test('a superseded session writes nothing, even when the nudge is lost', async () => {
  const agent = await world.connect();
  await world.store.db.updateTable('agents').set({ epoch: 9, session_id: 'ses-other' }).execute();
  agent.say({ case: 'driftReport', value: { path: '/etc/x', kind: 'changed', role: Role.NGINX } });
  await world.settle();
  expect(agent.ended?.code).toBe('aborted');
  expect(await world.conditionsOf('agent_id', world.agentId)).toEqual([]);
  expect((await world.row()).session_id).toBe('ses-other');
});

test('the epoch lies above what the agent has seen, whatever the database says', async () => {
  const agent = new ScriptedAgent();
  agent.held = { ...agent.held, epoch: 41n };
  await world.connect(agent);
  expect(agent.all('welcome')[0]?.epoch).toBe(42n);
});

test('a revoked agent loses its session at once and gets no other', async () => {
  const agent = await world.connect();
  const commandId = await world.inspect();
  await world.settle();
  await world.store.transaction(async (tx) => {
    await revokeAgent(tx, world.agentId);
    await abandonCommands(tx, world.agentId, 'revoked');
  });
  await world.settle();
  expect(agent.ended?.code).toBe('unauthenticated');
  const result = await commandOutcome(world.store, commandId, new AbortController().signal);
  expect(result.outcome.value).toMatchObject({ code: CommandFailureCode.UNAVAILABLE });
  await world.connect(agent);
  expect(agent.ended?.code).toBe('unauthenticated');
  expect(agent.heard).toEqual([]);
});

test('a silent agent loses its session, a session ends with its certificate, and both need Hello first', async () => {
  const agent = await world.connect();
  await world.clock.advance(36_000);
  expect(agent.ended?.code).toBe('deadline_exceeded');
  expect((await world.row()).session_id).toBeNull();

  const expiring = new ScriptedAgent();
  expiring.end = world.fleet.accept({ agentId: world.agentId, notAfter: world.clock.now() + 5_000 }, expiring);
  expiring.hello();
  await world.clock.advance(6_000);
  expect(expiring.ended?.code).toBe('unauthenticated');

  const rude = new ScriptedAgent();
  rude.end = world.fleet.accept({ agentId: world.agentId, notAfter: world.clock.now() + DAY_MS }, rude);
  rude.say({ case: 'health', value: { ok: true } });
  await world.settle();
  expect(rude.ended?.code).toBe('invalid_argument');

  const mute = new ScriptedAgent();
  mute.end = world.fleet.accept({ agentId: world.agentId, notAfter: world.clock.now() + DAY_MS }, mute);
  await world.clock.advance(11_000);
  expect(mute.ended?.code).toBe('deadline_exceeded');
});

test('heartbeats are not written one by one', async () => {
  const agent = await world.connect();
  const before = (await world.row()).last_seen_at;
  await world.clock.advance(9_000);
  agent.say({ case: 'heartbeat', value: { seq: 1n } });
  await world.settle();
  expect((await world.row()).last_seen_at).toBe(before);
  expect(world.fleet.lastSeenAt(world.agentId)).toBeGreaterThan(before ?? 0);
  await world.clock.advance(25_000);
  expect((await world.row()).last_seen_at).toBeGreaterThan(before ?? 0);
});

test('a restarted replica forgets the sessions of its former life', async () => {
  await world.store.db.updateTable('agents').set({ session_id: 'ses-dead', replica_id: 'rep-9' }).execute();
  const reborn = world.newFleet('rep-9');
  await reborn.start();
  expect((await world.row()).session_id).toBeNull();
  await reborn.stop();
});
