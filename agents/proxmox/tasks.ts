import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { taskLogAnswer, taskStatusAnswer, tasksAnswer } from './answers.ts';
import type { PveApi } from './client.ts';
import { codeOfWords, isFailure, PveFailure } from './failure.ts';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;
/** How long the API may be gone (ms) before waiting for a task is given up; the task itself runs on. */
const SILENCE_MS = 60_000;
const LOG_PAGE = 500;
const TAIL_LINES = 20;

/** What waiting for a task needs. */
export interface TaskWaiting {
  client: PveApi;
  clock: Clock;
  signal: AbortSignal;
  /** Gets each new line of the task's log. */
  progress(line: string): void;
}

/** Path of a task; its node stands in the UPID. */
export function taskPath(upid: string): string {
  return `/nodes/${encodeURIComponent(upid.split(':')[1] ?? '')}/tasks/${encodeURIComponent(upid)}`;
}

/**
 * Waits for a task and streams its log. `OK` and `WARNINGS: n` are success, the latter with the log's warnings.
 * @throws PveFailure with the task's words and the end of its log when it failed, NOT_FOUND when PVE knows no such
 * task, UNAVAILABLE when the API is silent for a minute; the signal's reason when aborted
 */
export async function waitForTask(waiting: TaskWaiting, upid: string): Promise<{ warnings: string[] }> {
  const log = new TaskLog(waiting, upid);
  let wait = FIRST_WAIT_MS;
  let heard = waiting.clock.now();
  for (;;) {
    try {
      const status = await waiting.client.get(`${taskPath(upid)}/status`, taskStatusAnswer, {}, waiting.signal);
      await log.read();
      if (status.status !== 'running') {
        const exit = status.exitstatus ?? 'unexpected status';
        waiting.client.counts?.task(succeeded(exit));
        return conclude(exit, log);
      }
      heard = waiting.clock.now();
    } catch (error) {
      const silent = waiting.clock.now() - heard;
      const passing = isFailure(error, CommandFailureCode.UNAVAILABLE) && !(error instanceof TaskFailure);
      if (!passing || silent > SILENCE_MS) throw error;
    }
    await delay(waiting.clock, wait, waiting.signal);
    wait = Math.min(LONGEST_WAIT_MS, wait * 1.5);
  }
}

/** The newest task of this type on this guest that was begun by our own token, or undefined. */
export async function newestOwnTask(
  client: PveApi,
  node: string,
  vmid: number,
  type: string,
): Promise<string | undefined> {
  const params = { vmid, typefilter: type, source: 'all', limit: 50 };
  const tasks = await client.get(`/nodes/${encodeURIComponent(node)}/tasks`, tasksAnswer, params);
  const own = tasks.filter(({ upid }) => upid.split(':')[7] === client.owner);
  return own.toSorted((a, b) => b.starttime - a.starttime)[0]?.upid;
}

function succeeded(exit: string): boolean {
  return exit === 'OK' || /^WARNINGS: \d+$/.test(exit);
}

function conclude(exit: string, log: TaskLog): { warnings: string[] } {
  if (!succeeded(exit)) throw new TaskFailure(exit, log.tail);
  return { warnings: exit === 'OK' ? [] : [exit, ...log.warnings] };
}

/** A task that ran and failed. */
export class TaskFailure extends PveFailure {
  constructor(exit: string, tail: string[]) {
    super(codeOfWords(exit), exit, { logTail: tail });
    this.name = 'TaskFailure';
  }
}

class TaskLog {
  readonly tail: string[] = [];
  readonly warnings: string[] = [];
  readonly #waiting: TaskWaiting;
  readonly #path: string;
  #seen = 0;

  constructor(waiting: TaskWaiting, upid: string) {
    this.#waiting = waiting;
    this.#path = `${taskPath(upid)}/log`;
  }

  /** Reads and streams the lines that are new. */
  async read(): Promise<void> {
    for (;;) {
      const params = { start: this.#seen, limit: LOG_PAGE };
      const page = await this.#waiting.client.get(this.#path, taskLogAnswer, params, this.#waiting.signal);
      // What PVE says of a log that is still empty is no line of it.
      const lines = page.filter(({ n, t }) => n > this.#seen && !(n === 1 && t === 'no content'));
      for (const { t } of lines) this.#take(t);
      this.#seen += lines.length;
      if (lines.length < LOG_PAGE) return;
    }
  }

  #take(line: string): void {
    this.#waiting.progress(line);
    if (/^WARN/.test(line)) this.warnings.push(line);
    this.tail.push(line);
    if (this.tail.length > TAIL_LINES) this.tail.shift();
  }
}
