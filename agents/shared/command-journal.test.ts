import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandResultSchema } from '@berth/proto/agent/v1/command_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandJournal } from './command-journal.ts';

let dir: string;
const clock = new VirtualClock();
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-journal-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function result(commandId: string) {
  return create(CommandResultSchema, { commandId, outcome: { case: 'success', value: { warnings: ['w'] } } });
}

async function reopened(journal: CommandJournal): Promise<CommandJournal> {
  await journal.close();
  return CommandJournal.open(dir, clock);
}

describe('CommandJournal', () => {
  it('keeps notes and progress of an unfinished command over a restart', async () => {
    let journal = await CommandJournal.open(dir, clock);
    await journal.receive('c1');
    await journal.note('c1', { upid: 'UPID:1' });
    expect(journal.countProgress('c1').seq).toBe(1);
    const { seq, written } = journal.countProgress('c1');
    await written;
    expect(seq).toBe(2);
    journal = await reopened(journal);
    expect(journal.get('c1')).toMatchObject({ notes: { upid: 'UPID:1' }, progress: 2, acknowledged: false });
    expect(journal.get('c1')?.result).toBeUndefined();
    await journal.close();
  });

  it('repeats results until they are acknowledged, and remembers them after', async () => {
    let journal = await CommandJournal.open(dir, clock);
    await journal.receive('c1');
    await journal.note('c1', { a: 'b' });
    await journal.finish(result('c1'));
    journal = await reopened(journal);
    expect(journal.unacknowledged()).toEqual([result('c1')]);
    await journal.acknowledge(['c1', 'unknown']);
    journal = await reopened(journal);
    expect(journal.unacknowledged()).toEqual([]);
    expect(journal.get('c1')).toMatchObject({ result: result('c1'), notes: {}, acknowledged: true });
    await journal.close();
  });

  it('forgets acknowledged commands after seven days, and never an unfinished one', async () => {
    let journal = await CommandJournal.open(dir, clock);
    await journal.receive('open');
    await journal.receive('done');
    await journal.finish(result('done'));
    await journal.acknowledge(['done']);
    await clock.advance(8 * 24 * 3_600_000);
    journal = await reopened(journal);
    expect(journal.get('done')).toBeUndefined();
    expect(journal.get('open')).toBeDefined();
    await journal.close();
  });

  it('survives a torn write at its end', async () => {
    let journal = await CommandJournal.open(dir, clock);
    await journal.receive('c1');
    await journal.note('c1', { step: '1' });
    await journal.note('c1', { step: '2' });
    await journal.close();
    const path = join(dir, 'commands');
    await truncate(path, (await stat(path)).size - 3);
    journal = await CommandJournal.open(dir, clock);
    expect(journal.get('c1')?.notes).toEqual({ step: '1' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readFile(path)).length).toBeGreaterThan(0);
    await journal.close();
  });
});
