import type { Clock } from '@berth/proto/contract/clock.ts';
import { seconds, sleep } from './clock.ts';
import { messageOf } from './pve-error.ts';
import type { State } from './state.ts';
import { parseUpid, printUpid, type UpidParts } from './upid.ts';

// The task list. A task is a body that runs on after its request was answered; how it ended is known only from its
// exit status: OK, `WARNINGS: n`, or the text of what it threw. A task that a killed simulator left running is found
// as `unexpected status` afterwards, exactly as a worker that died on a real node.

/** What a task's body may do besides its work. */
export interface TaskContext {
  log(line: string): void;
  /** Logs a warning; the task then ends as `WARNINGS: n`. */
  warn(line: string): void;
  /** Aborts when somebody stops the task. */
  signal: AbortSignal;
}

export interface TaskRecord extends UpidParts {
  upid: string;
  log: string[];
  /** Seconds since the epoch; absent while it runs. */
  endtime?: number;
  /** Absent while it runs. */
  exitstatus?: string;
}

/** Knobs a test turns: how long tasks take, which fail, which warn. Types are PVE's (`vzcreate`, `vzstart`, …). */
export interface TaskKnobs {
  delayMs?: (type: string, id: string) => number;
  failure?: (type: string, id: string) => string | undefined;
  warning?: (type: string, id: string) => string | undefined;
}

interface Running {
  stop: AbortController;
  done: Promise<void>;
}

const KEPT_TASKS = 5000;
const FIRST_PID = 4096;
const MAX_PID = 0x3f_ffff;

/** All tasks of the cluster, the latest last. */
export class Tasks {
  readonly #clock: Clock;
  readonly #state: State;
  readonly #knobs: TaskKnobs;
  readonly #records = new Map<string, TaskRecord>();
  readonly #running = new Map<string, Running>();
  readonly #bootedAt: number;
  #pid = FIRST_PID;

  constructor(clock: Clock, state: State, knobs: TaskKnobs) {
    this.#clock = clock;
    this.#state = state;
    this.#knobs = knobs;
    this.#bootedAt = clock.now() - 3_600_000;
    this.#recover();
  }

  /** Starts a task and gives its UPID at once. */
  start(node: string, type: string, id: string, owner: string, body: (task: TaskContext) => Promise<void>): string {
    this.#pid = this.#pid >= MAX_PID ? FIRST_PID : this.#pid + 1;
    const pstart = Math.floor((this.#clock.now() - this.#bootedAt) / 10);
    const parts: UpidParts = { node, pid: this.#pid, pstart, starttime: seconds(this.#clock), type, id, owner };
    const record: TaskRecord = { ...parts, upid: printUpid(parts), log: [] };
    this.#records.set(record.upid, record);
    this.#state.put('tasks', record.upid, record);
    const stop = new AbortController();
    const done = this.#run(record, stop.signal, body);
    // The body may have failed before it ever waited.
    if (record.exitstatus === undefined) this.#running.set(record.upid, { stop, done });
    this.#forgetOldest();
    return record.upid;
  }

  get(upid: string): TaskRecord | undefined {
    return this.#records.get(upid);
  }

  /** Latest first. */
  all(): TaskRecord[] {
    return [...this.#records.values()].reverse();
  }

  /** Interrupts a running task and waits until it has ended. */
  async stop(upid: string): Promise<void> {
    const running = this.#running.get(upid);
    running?.stop.abort();
    await running?.done;
  }

  /** Resolves when no task runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((running) => running.done));
  }

  async #run(record: TaskRecord, signal: AbortSignal, body: (task: TaskContext) => Promise<void>): Promise<void> {
    let warnings = 0;
    const warn = (line: string): void => {
      warnings++;
      record.log.push(`WARN: ${line}`);
    };
    try {
      // vzcreate takes its time inside its body, after it holds the lock and has named the archive in the log.
      const delay = record.type === 'vzcreate' ? 0 : this.delayOf(record.type, record.id);
      if (delay > 0) await sleep(this.#clock, delay, signal);
      // A pull says itself which command was interrupted.
      if (signal.aborted && record.type !== 'ociregistrypull') throw new Error('received interrupt');
      this.#turnKnobs(record, warn);
      await body({ log: (line) => record.log.push(line), warn, signal });
      this.#end(
        record,
        warnings > 0 ? `WARNINGS: ${warnings}` : 'OK',
        warnings > 0 ? `TASK WARNINGS: ${warnings}` : 'TASK OK',
      );
    } catch (error) {
      this.#end(record, messageOf(error), `TASK ERROR: ${messageOf(error)}`);
    }
  }

  #turnKnobs(record: TaskRecord, warn: (line: string) => void): void {
    const failure = this.#knobs.failure?.(record.type, record.id);
    if (failure !== undefined) throw new Error(failure);
    const warning = this.#knobs.warning?.(record.type, record.id);
    if (warning !== undefined) warn(warning);
  }

  /** Milliseconds a task of this type and id is to take. */
  delayOf(type: string, id: string): number {
    return this.#knobs.delayMs?.(type, id) ?? 0;
  }

  #end(record: TaskRecord, exitstatus: string, line: string): void {
    record.log.push(line);
    record.exitstatus = exitstatus;
    record.endtime = seconds(this.#clock);
    this.#state.put('tasks', record.upid, record);
    this.#running.delete(record.upid);
  }

  #recover(): void {
    const found = this.#state.all('tasks') as TaskRecord[];
    for (const record of found.toSorted((a, b) => a.starttime - b.starttime || a.pid - b.pid)) {
      this.#records.set(record.upid, record);
      this.#pid = Math.max(this.#pid, parseUpid(record.upid)?.pid ?? 0);
      if (record.exitstatus === undefined) this.#end(record, 'unexpected status', 'TASK ERROR: unexpected status');
    }
  }

  #forgetOldest(): void {
    if (this.#records.size <= KEPT_TASKS) return;
    for (const [upid, record] of this.#records) {
      if (record.exitstatus === undefined) continue;
      this.#records.delete(upid);
      this.#state.remove('tasks', upid);
      return;
    }
  }
}
