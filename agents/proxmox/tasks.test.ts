import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { expect, it } from 'vitest';
import type { PveApi } from './client.ts';
import { PveFailure } from './failure.ts';
import { newestOwnTask, taskPath, waitForTask } from './tasks.ts';

const UPID = 'UPID:pve1:0000184C:0007EB60:6B03D5E8:vzcreate:101:agent@pve!ct:';

/** An API whose answers to GET come from `answer`, by the last part of the path. */
function api(answer: (path: string, params: Record<string, unknown>) => unknown): PveApi {
  const refuse = () => Promise.reject(new Error('only GET is expected'));
  return {
    owner: 'agent@pve!ct',
    get: async (path, schema, params = {}) => schema.parse(answer(path.split('/').at(-1) ?? '', params)),
    post: refuse,
    put: refuse,
    delete: refuse,
  };
}

/** Waits for a task that ends as `exit` after `ms`, with a log that grows by a line a second. */
async function run(exit: string, ms: number, finalLog: string[] = []) {
  const clock = new VirtualClock();
  const start = clock.now();
  const lines: string[] = [];
  const asked: number[] = [];
  const client = api((kind, params) => {
    const passed = clock.now() - start;
    if (kind === 'status') {
      asked.push(passed);
      return passed < ms ? { status: 'running' } : { status: 'stopped', exitstatus: exit };
    }
    const written = Array.from({ length: Math.floor(passed / 1000) }, (_, n) => `line ${n + 1}`);
    const log = passed < ms ? written : [...written, ...finalLog];
    const shown = log.length > 0 ? log : ['no content'];
    return shown
      .map((t, n) => ({ n: n + 1, t }))
      .slice(Number(params.start), Number(params.start) + Number(params.limit));
  });
  const signal = new AbortController().signal;
  const end = waitForTask({ client, clock, signal, progress: (line) => lines.push(line) }, UPID).catch(
    (error) => error,
  );
  await clock.advance(ms + 5_000);
  return { end: await end, lines, asked };
}

it('streams each line of the log once and ends with OK', async () => {
  const { end, lines } = await run('OK', 3_500, ['TASK OK']);
  expect(end).toEqual({ warnings: [] });
  expect(lines.length).toBeGreaterThan(3);
  expect(lines).toEqual([...lines.slice(1).map((_, n) => `line ${n + 1}`), 'TASK OK']);
});

it('asks quickly at first and every two seconds at last', async () => {
  const { asked } = await run('OK', 20_000);
  const gaps = asked.slice(1).map((at, n) => at - (asked[n] ?? 0));
  expect(gaps[0]).toBe(200);
  expect(gaps.at(-1)).toBe(2_000);
});

it('reads more than a page of log at the end', async () => {
  const { lines } = await run(
    'OK',
    100,
    Array.from({ length: 1_234 }, (_, n) => `bulk ${n}`),
  );
  expect(lines).toHaveLength(1_234);
});

it('counts WARNINGS as success, with what the log warns of', async () => {
  const { end } = await run('WARNINGS: 2', 100, ['WARN: one', 'noise', 'WARN: two']);
  expect(end).toEqual({ warnings: ['WARNINGS: 2', 'WARN: one', 'WARN: two'] });
});

it("fails with the task's words and the last lines of its log", async () => {
  const log = Array.from({ length: 30 }, (_, n) => `l${n}`);
  const { end } = await run("unable to create CT 101 - volume 'x' does not exist", 100, log);
  expect(end).toBeInstanceOf(PveFailure);
  expect(end).toMatchObject({ code: CommandFailureCode.INVALID, logTail: log.slice(-20) });
});

it('bears a silent API for a minute, not longer', async () => {
  const clock = new VirtualClock();
  const client = api(() => {
    throw new PveFailure(CommandFailureCode.UNAVAILABLE, 'ECONNREFUSED');
  });
  const signal = new AbortController().signal;
  let ended = false;
  const end = waitForTask({ client, clock, signal, progress: () => {} }, UPID)
    .catch((error) => error)
    .finally(() => {
      ended = true;
    });
  await clock.advance(59_000);
  expect(ended).toBe(false);
  await clock.advance(5_000);
  expect(await end).toMatchObject({ code: CommandFailureCode.UNAVAILABLE });
});

it('ends at once when it is cancelled', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const client = api((kind) => (kind === 'status' ? { status: 'running' } : []));
  const end = waitForTask({ client, clock, signal: stop.signal, progress: () => {} }, UPID).catch((error) => error);
  await clock.advance(1_000);
  stop.abort(new Error('enough'));
  expect(await end).toMatchObject({ message: 'enough' });
});

it('finds the newest task of its own token', async () => {
  const by = (owner: string, starttime: number) => ({
    upid: `UPID:pve1:1:1:1:vzcreate:101:${owner}:${starttime}`,
    type: 'vzcreate',
    starttime,
  });
  const client = api(() => [by('other@pve!ct', 9), by('agent@pve!ct', 5), by('agent@pve!ct', 7), by('agent@pve', 8)]);
  expect(await newestOwnTask(client, 'pve1', 101, 'vzcreate')).toMatch(/:7$/);
});

it('encodes a UPID in a path', () => {
  expect(taskPath(UPID)).toBe(`/nodes/pve1/tasks/${encodeURIComponent(UPID)}`);
});
