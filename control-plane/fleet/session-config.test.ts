import { ConfigPhase } from '@berth/proto/agent/v1/session_pb.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runsRevision } from '../store/agent-revisions.ts';
import { addContainer, record, ScriptedAgent } from './test-site.ts';
import { TestWorld } from './test-world.ts';

let world: TestWorld;

beforeEach(async () => {
  world = await TestWorld.open();
});

afterEach(() => world.close());

test('sends what changed as a delta, and nothing to an agent that has it', async () => {
  const agent = await world.connect();
  await world.move(record('web1', '10.64.0.10'), record('web2', '10.64.0.11'));
  expect(agent.all('config')[1]).toMatchObject({ snapshot: false, fromGeneration: 2n, toGeneration: 3n });
  expect([...agent.held.resources.keys()]).toEqual(['nameRecord/web1', 'nameRecord/web2']);
  agent.end?.closed();
  await world.connect(agent);
  expect(agent.heard.map(({ case: kind }) => kind)).toEqual(['welcome']);
});

test('a generation with the same content is an empty delta, also when history is lost', async () => {
  const agent = await world.connect();
  world.view.remembers = false;
  await world.move(...world.view.current);
  expect(agent.all('config')[1]).toMatchObject({ snapshot: false, toGeneration: 3n, upserts: [], removals: [] });
  expect((await world.row()).running_generation).toBe(3);
});

test('a change that asks nothing new of the agent is noted in its row, and not said to it', async () => {
  const agent = await world.connect();
  const said = agent.heard.length;
  world.view.idleRevisions = 5n;
  world.store.feed.publish({ kind: 'site', id: world.siteId });
  await world.settle();
  expect(agent.heard).toHaveLength(said);
  const row = await world.row();
  expect(row).toMatchObject({ desired_generation: 2, running_generation: 2, covered_revision: 7 });
  expect(runsRevision(row, 7)).toBe(true);
  agent.onDelta = () => false;
  await world.move(record('web1', '10.64.0.20'));
  expect(await world.row()).toMatchObject({ desired_generation: 3, running_generation: 2, covered_revision: 8 });
  expect(runsRevision(await world.row(), 7)).toBe(false);
});

test('an agent that was told of a later number by another replica takes the one of this replica for the same set', async () => {
  const agent = await world.connect();
  agent.end?.closed();
  agent.held = { ...agent.held, generation: 9n };
  await world.connect(agent);
  expect(agent.all('config')).toMatchObject([{ snapshot: false, toGeneration: 2n, upserts: [], removals: [] }]);
  expect(await world.row()).toMatchObject({ acked_generation: 2, running_generation: 2, rejected_generation: 0 });
});

test('keeps one delta in flight and then sends only the newest', async () => {
  const agent = await world.connect();
  agent.onDelta = () => false;
  for (let i = 0; i < 5; i++) await world.move(record('web1', `10.64.0.2${i}`));
  expect(agent.all('config').map(({ toGeneration }) => toGeneration)).toEqual([2n, 3n]);
  expect((await world.row()).desired_generation).toBe(7);
  agent.onDelta = () => true;
  agent.answerLast();
  await world.settle();
  expect(agent.all('config').at(-1)?.toGeneration).toBe(7n);
  expect((await world.row()).running_generation).toBe(7);
});

test('ends the session when a delta is not answered', async () => {
  const agent = await world.connect();
  agent.onDelta = () => false;
  await world.move(record('web1', '10.64.0.20'));
  for (let i = 0; i < 6; i++) {
    agent.say({ case: 'heartbeat', value: {} });
    await world.clock.advance(10_000);
  }
  expect(agent.ended?.code).toBe('deadline_exceeded');
});

test('a refused generation is not sent again until something changes or somebody asks', async () => {
  const agent = await world.connect();
  agent.outcome = { phase: ConfigPhase.REJECTED, message: 'nginx: [emerg] unknown directive' };
  await world.move(record('web1', '10.64.0.20'));
  expect(await world.row()).toMatchObject({ acked_generation: 3, running_generation: 2, rejected_generation: 3 });
  const conditions = await world.conditionsOf('agent_id', world.agentId);
  expect(conditions).toMatchObject([{ kind: 'config_rejected', message: 'nginx: [emerg] unknown directive' }]);

  world.store.feed.publish({ kind: 'site', id: world.siteId });
  await world.clock.advance(20_000);
  expect(agent.all('config')).toHaveLength(2);

  agent.outcome = { phase: ConfigPhase.RUNNING };
  await world.fleet.retry(world.agentId);
  await world.settle();
  expect(agent.all('config')).toHaveLength(3);
  expect(await world.row()).toMatchObject({ running_generation: 3, rejected_generation: 0, rejected_message: '' });
  expect(await world.conditionsOf('agent_id', world.agentId)).toEqual([]);
});

test('an agent that cannot take a delta gets a snapshot', async () => {
  const agent = await world.connect();
  agent.held = { ...agent.held, resources: new Map(), digest: new ScriptedAgent().held.digest };
  await world.move(record('web2', '10.64.0.11'));
  expect(agent.all('config').map(({ snapshot }) => snapshot)).toEqual([true, false, true]);
  expect((await world.row()).running_generation).toBe(3);
});

test('quarantined resources are conditions of agent and container until they heal', async () => {
  const containerId = await addContainer(world.store, world.siteId);
  const agent = await world.connect();
  const resource = { kind: 'httpRoute', name: `${containerId}/svc-1` };
  agent.outcome = {
    phase: ConfigPhase.RUNNING,
    errors: [{ resource, stage: 'validate', exitCode: 1, stderrTail: 'host not found in upstream "x"\n' }],
  };
  await world.move(record('web1', '10.64.0.20'));
  const [condition] = await world.conditionsOf('container_id', containerId);
  expect(condition).toMatchObject({
    kind: 'quarantined',
    agent_id: world.agentId,
    message: 'host not found in upstream "x"',
  });
  await world.clock.advance(5_000);
  await world.move(record('web1', '10.64.0.21'));
  expect((await world.conditionsOf('container_id', containerId))[0]?.since).toBe(condition?.since);
  agent.outcome = { phase: ConfigPhase.RUNNING };
  await world.move(record('web1', '10.64.0.22'));
  expect(await world.conditionsOf('container_id', containerId)).toEqual([]);
});
