import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Command,
  CommandFailureCode,
  type CommandResult,
  CommandSchema,
} from '@berth/proto/agent/v1/command_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandJournal } from './command-journal.ts';
import { CommandRunner } from './command-runner.ts';
import type { CommandOutcome } from './role.ts';
import { FakeRole } from './testing/fake-role.ts';
import { quiet } from './testing/logger.ts';

const DONE: CommandOutcome = { ok: true, success: {} };

let dir: string;
let clock: VirtualClock;
let role: FakeRole;
let journal: CommandJournal;
let runner: CommandRunner;
let results: CommandResult[];
let lines: [bigint | undefined, string | undefined][];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-commands-'));
  clock = new VirtualClock();
  role = new FakeRole();
  journal = await CommandJournal.open(dir, clock);
  runner = newRunner();
});
afterEach(async () => {
  await journal.close();
  await rm(dir, { recursive: true, force: true });
});

function newRunner(): CommandRunner {
  results = [];
  lines = [];
  const sink = {
    result: (result: CommandResult) => void results.push(result),
    progress: (progress: { seq?: bigint; line?: string }) => void lines.push([progress.seq, progress.line]),
  };
  return new CommandRunner({ roles: [role], journal, clock, log: quiet, sink, runningGeneration: () => 5n });
}

/** The agent dies and starts again: what was not in the journal is forgotten. */
async function crash(): Promise<void> {
  const survivor = journal;
  journal = await CommandJournal.open(dir, clock);
  await survivor.close();
  runner = newRunner();
}

function release(id: string, more: MessageInitShape<typeof CommandSchema> = {}): Command {
  return create(CommandSchema, { id, task: { case: 'releaseLease', value: { mac: 'm', address: 'a' } }, ...more });
}

function start(id: string, vmid: number): Command {
  return create(CommandSchema, { id, task: { case: 'startGuest', value: { guest: { vmid } } } });
}

function codes(): (CommandFailureCode | undefined)[] {
  return results.map(({ outcome }) => (outcome.case === 'failure' ? outcome.value.code : undefined));
}

describe('CommandRunner', () => {
  it('executes once and answers a repetition with the stored result', async () => {
    role.onExecute = async () => ({ ok: true, success: { warnings: ['careful'] } });
    await runner.handle(release('c1'));
    await runner.handle(release('c1'));
    expect(role.executed).toEqual(['c1']);
    expect(results).toHaveLength(2);
    expect(results[0]).toEqual(results[1]);
    expect(results[0]?.outcome).toMatchObject({ case: 'success', value: { warnings: ['careful'] } });
  });

  it('answers from the journal after a restart', async () => {
    await runner.handle(release('c1'));
    await crash();
    await runner.handle(release('c1'));
    expect(role.executed).toEqual(['c1']);
    expect(results).toHaveLength(1);
  });

  it('executes what a crash cut off again, with its notes and the next line of progress', async () => {
    role.onExecute = async (_, context) => {
      context.progress('one');
      await context.notes.write({ upid: 'UPID:1' });
      return new Promise(() => {});
    };
    void runner.handle(release('c1'));
    await expect.poll(() => journal.get('c1')?.notes).toEqual({ upid: 'UPID:1' });
    await crash();
    role.onExecute = async (_, context) => {
      context.progress(`again ${context.notes.read().upid}`);
      return DONE;
    };
    await runner.handle(release('c1', { deadline: timestampFromMs(clock.now() - 1) }));
    expect(lines).toEqual([[2n, 'again UPID:1']]);
    expect(codes()).toEqual([undefined]);
  });

  it('ignores a repetition while it is at work', async () => {
    const gate = Promise.withResolvers<CommandOutcome>();
    role.onExecute = () => gate.promise;
    const first = runner.handle(release('c1'));
    await runner.handle(release('c1'));
    gate.resolve(DONE);
    await first;
    expect(role.executed).toEqual(['c1']);
    expect(results).toHaveLength(1);
  });

  it('serialises commands to one guest and no others', async () => {
    const gate = Promise.withResolvers<CommandOutcome>();
    role.onExecute = (command) => (command.id === 'a1' ? gate.promise : Promise.resolve(DONE));
    const all = [runner.handle(start('a1', 101)), runner.handle(start('a2', 101)), runner.handle(start('b1', 102))];
    await expect.poll(() => results.map(({ commandId }) => commandId)).toEqual(['b1']);
    gate.resolve(DONE);
    await Promise.all(all);
    expect(role.executed).toEqual(['a1', 'b1', 'a2']);
  });

  it('refuses what it may not begin, and forgets the refusal', async () => {
    await runner.handle(release('late', { deadline: timestampFromMs(clock.now() - 1) }));
    await runner.handle(release('early', { expectedGeneration: 6n }));
    await runner.handle(create(CommandSchema, { id: 'other', task: { case: 'probeRoute', value: {} } }));
    const { DEADLINE, GENERATION, UNSUPPORTED } = CommandFailureCode;
    expect(codes()).toEqual([DEADLINE, GENERATION, UNSUPPORTED]);
    expect(role.executed).toEqual([]);
    expect(journal.unacknowledged()).toEqual([]);
    await runner.handle(release('early', { expectedGeneration: 5n }));
    expect(role.executed).toEqual(['early']);
  });

  it('cancels what runs, what waits and what it has never seen', async () => {
    role.onExecute = (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const running = runner.handle(start('a1', 101));
    const waiting = runner.handle(start('a2', 101));
    await expect.poll(() => role.executed).toEqual(['a1']);
    await runner.cancel('a2');
    await runner.cancel('a1');
    await Promise.all([running, waiting]);
    await runner.cancel('never');
    await runner.handle(release('never'));
    expect(codes()).toEqual(Array(4).fill(CommandFailureCode.CANCELLED));
    expect(role.executed).toEqual(['a1']);
  });

  it('reports what a role throws as a failed task', async () => {
    role.onExecute = () => Promise.reject(new Error('broken'));
    await runner.handle(release('c1'));
    const value = { code: CommandFailureCode.TASK_FAILED, message: 'broken' };
    expect(results[0]?.outcome).toMatchObject({ case: 'failure', value });
  });

  it('sends progress and unacknowledged results again', async () => {
    await runner.handle(release('c1'));
    role.onExecute = (_, context) => {
      context.progress('halfway');
      return new Promise(() => {});
    };
    void runner.handle(release('c2'));
    await expect.poll(() => lines).toHaveLength(1);
    runner.resend();
    expect(lines).toEqual([
      [1n, 'halfway'],
      [1n, 'halfway'],
    ]);
    expect(results.map(({ commandId }) => commandId)).toEqual(['c1', 'c1']);
  });

  it('leaves what it interrupts when stopping unfinished', async () => {
    role.onExecute = (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    void runner.handle(release('c1'));
    await expect.poll(() => role.executed).toEqual(['c1']);
    await runner.stop();
    expect(results).toEqual([]);
    expect(journal.get('c1')?.result).toBeUndefined();
  });
});
