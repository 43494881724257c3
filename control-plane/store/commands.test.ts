import { CommandFailureCode, CommandProgressSchema, CommandResultSchema } from '@berth/proto/agent/v1/command_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { create as make } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { insertAgent } from './agents.ts';
import {
  abandonCommands,
  cancelCommand,
  commandById,
  commandMessage,
  commandOutcome,
  expireCommands,
  markCommandSent,
  openCommands,
  pruneCommands,
  queueCommand,
  recordCommandProgress,
  recordCommandResult,
} from './commands.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { Store } from './store.ts';

const SIGNAL = new AbortController().signal;

describeEachDialect('commands', (create) => {
  const clock = new VirtualClock();
  let store: Store;
  let agentId: string;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1), clock });
    await seedSite(store);
  });
  beforeEach(async () => {
    await store.db.deleteFrom('agents').execute();
    const agent = { siteId: 'sit-1', name: 'pve', roles: ['proxmox'] as const, machineId: 'm' };
    agentId = await store.transaction((tx) => insertAgent(tx, agent, { serial: '0a', expiresAt: 5 }));
  });
  afterAll(() => store.close());

  const task = { case: 'startGuest' as const, value: { guest: { node: 'pve-1', vmid: 100 } } };
  const dispatch = (id?: string) =>
    store.transaction((tx) =>
      queueCommand(tx, { ...(id ? { id } : {}), agentId, operationId: 'opn-1', task, deadlineMs: 1_000 }),
    );
  const markSent = (id: string) => store.transaction((tx) => markCommandSent(tx, id));
  const success = (commandId: string, warning = '') =>
    make(CommandResultSchema, { commandId, outcome: { case: 'success', value: { warnings: [warning] } } });
  const state = async (id: string) => (await commandById(store.db, id))?.state;

  it('are queued once however often they are asked for, and read back as they were written', async () => {
    const id = await dispatch('cmd-1');
    expect(await dispatch('cmd-1')).toBe(id);
    const [row, ...others] = await openCommands(store.db, agentId);
    expect(others).toEqual([]);
    const message = row && commandMessage(store.secrets, row, 9n);
    expect(message).toMatchObject({ id, epoch: 9n, task });
    expect(Buffer.from(row?.payload ?? []).includes('pve-1')).toBe(false);
    expect(message?.deadline && timestampMs(message.deadline)).toBe(clock.now() + 1_000);
  });

  it('end with the first result of their own agent', async () => {
    const id = await dispatch();
    const outcome = commandOutcome(store, id, SIGNAL);
    await store.transaction((tx) => recordCommandResult(tx, 'agt-other', success(id, 'forged')));
    await store.transaction((tx) => recordCommandResult(tx, agentId, success(id, 'first')));
    await store.transaction((tx) => recordCommandResult(tx, agentId, success(id, 'second')));
    await store.transaction((tx) => recordCommandResult(tx, agentId, success('cmd-unknown')));
    expect((await outcome).outcome.value).toMatchObject({ warnings: ['first'] });
    expect(await state(id)).toBe('done');
    expect((await commandById(store.db, id))?.payload).toHaveLength(0);
    expect(await openCommands(store.db, agentId)).toEqual([]);
  });

  it('expire while they wait to be sent, never afterwards', async () => {
    const [waiting, sent] = [await dispatch(), await dispatch()];
    expect(await markSent(sent)).toBe(true);
    expect(await markSent(sent)).toBe(false);
    await clock.advance(1_000);
    await expireCommands(store);
    expect((await commandOutcome(store, waiting, SIGNAL)).outcome.value).toMatchObject({
      code: CommandFailureCode.DEADLINE,
    });
    expect(await markSent(waiting)).toBe(false);
    expect(await state(sent)).toBe('sent');
  });

  it('are withdrawn at once, or stopped and then answered', async () => {
    const [waiting, sent] = [await dispatch(), await dispatch()];
    await markSent(sent);
    for (const id of [waiting, sent, 'cmd-unknown']) await cancelCommand(store, id);
    expect(await state(waiting)).toBe('done');
    expect(await state(sent)).toBe('cancelled');
    await store.transaction((tx) => recordCommandResult(tx, agentId, success(sent)));
    expect(await state(sent)).toBe('done');
    await cancelCommand(store, sent);
    expect(await state(sent)).toBe('done');
  });

  it('of an agent that will not answer fail as unavailable', async () => {
    const id = await dispatch();
    await markSent(id);
    await store.transaction((tx) => abandonCommands(tx, agentId, 'revoked'));
    expect((await commandOutcome(store, id, SIGNAL)).outcome.value).toMatchObject({
      code: CommandFailureCode.UNAVAILABLE,
      message: 'revoked',
    });
  });

  it('pass each line of progress on once', async () => {
    const id = await dispatch();
    const progress = (seq: number, from = agentId) =>
      store.transaction((tx) =>
        recordCommandProgress(tx, from, make(CommandProgressSchema, { commandId: id, seq: BigInt(seq), line: 'x' })),
      );
    expect(await progress(1)).toBe('opn-1');
    expect(await progress(1)).toBeUndefined();
    expect(await progress(2, 'agt-other')).toBeUndefined();
    expect(await progress(2)).toBe('opn-1');
  });

  it('go a while after their end', async () => {
    const [open, ended] = [await dispatch(), await dispatch()];
    await store.transaction((tx) => recordCommandResult(tx, agentId, success(ended)));
    await store.transaction((tx) => pruneCommands(tx, tx.now + 1));
    expect(await state(ended)).toBeUndefined();
    expect(await state(open)).toBe('queued');
    await expect(commandOutcome(store, ended, SIGNAL)).rejects.toThrow('there is no command');
  });
});
