import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancelCommand, commandById, commandOutcome, queueCommand } from '../store/commands.ts';
import { TestWorld } from './test-world.ts';

let world: TestWorld;

beforeEach(async () => {
  world = await TestWorld.open();
});

afterEach(() => world.close());

test('sends a command once a session, again after a reconnect, and never after its result', async () => {
  const agent = await world.connect();
  const id = await world.inspect();
  await world.settle();
  world.store.feed.publish({ kind: 'agent', id: world.agentId });
  await world.settle();
  expect(agent.all('command')).toMatchObject([{ id, epoch: 1n, task: { case: 'inspectGuest' } }]);

  agent.end?.closed();
  await world.connect(agent);
  expect(agent.all('command')).toMatchObject([{ id, epoch: 2n }]);
  const outcome = commandOutcome(world.store, id, new AbortController().signal);
  agent.say({
    case: 'commandResult',
    value: { commandId: id, outcome: { case: 'success', value: { warnings: ['W'] } } },
  });
  await world.settle();
  expect(agent.all('reportAck')[0]?.commandIds).toEqual([id]);
  expect((await outcome).outcome.value).toMatchObject({ warnings: ['W'] });

  agent.end?.closed();
  await world.connect(agent);
  expect(agent.all('command')).toEqual([]);
});

test('finds a command whose nudge was lost', async () => {
  const agent = await world.connect();
  const id = await world.store.transaction((tx) =>
    queueCommand(
      { ...tx, nudge() {} },
      { agentId: world.agentId, task: { case: 'inspectGuest', value: {} }, deadlineMs: 60_000 },
    ),
  );
  await world.settle();
  expect(agent.all('command')).toEqual([]);
  await world.clock.advance(6_000);
  expect(agent.all('command')).toMatchObject([{ id }]);
});

test('a command nobody could be sent expires; one that was sent is asked about for ever', async () => {
  const never = await world.inspect(30_000);
  await world.clock.advance(40_000);
  const result = await commandOutcome(world.store, never, new AbortController().signal);
  expect(result.outcome.value).toMatchObject({ code: CommandFailureCode.DEADLINE });

  const agent = await world.connect();
  const sent = await world.inspect(30_000);
  await world.settle();
  agent.end?.closed();
  await world.clock.advance(40_000);
  expect((await commandById(world.store.db, sent))?.state).toBe('sent');
  await world.connect(agent);
  expect(agent.all('command')).toMatchObject([{ id: sent }]);
});

test('cancelling withdraws what was not sent and asks about what was', async () => {
  const queued = await world.inspect();
  await cancelCommand(world.store, queued);
  const withdrawn = await commandOutcome(world.store, queued, new AbortController().signal);
  expect(withdrawn.outcome.value).toMatchObject({ code: CommandFailureCode.CANCELLED });

  const agent = await world.connect();
  const sent = await world.inspect();
  await world.settle();
  await cancelCommand(world.store, sent);
  await world.settle();
  agent.end?.closed();
  await world.connect(agent);
  expect(agent.all('command')).toEqual([]);
  expect(agent.all('cancel')).toMatchObject([{ commandId: sent }]);
});

test('waiting for a command ends with its signal', async () => {
  const id = await world.inspect();
  const abort = new AbortController();
  const outcome = commandOutcome(world.store, id, abort.signal);
  await world.settle();
  abort.abort(new Error('enough'));
  await expect(outcome).rejects.toThrow('enough');
});
