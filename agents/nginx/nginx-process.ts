/**
 * The running nginx: whether it is there, how it is started and told to reload, and when the new workers alone take
 * connections. It is never stopped from here: what the host serves does not depend on the agent.
 */

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { StepFailure } from '../shared/apply-release.ts';
import { unlessMissing } from '../shared/durable-files.ts';
import { runProgram } from '../shared/run-program.ts';
import type { NginxConfig } from './config.ts';
import { ErrorLog, nginxWords } from './error-log.ts';
import { rotateLog } from './rotate-log.ts';
import { askConnections, askStatus, type NginxConnections } from './status-socket.ts';
import { isMaster, type WorkerProcess, workersOf } from './worker-processes.ts';

const LOOK_MS = 5;
const TAKE_OVER_MS = 20_000;

/** What is counted of reloads, and workers as of the last look. */
export type ReloadCounts = Record<'reloads' | 'failedReloads' | 'reloadSeconds' | 'workers', number>;

/** Handle of the nginx on this host. */
export class NginxProcess {
  readonly #config: NginxConfig;
  readonly #clock: Clock;
  readonly #log: ErrorLog;
  readonly #statusSocket: string;
  readonly #mainFile: string;
  #workersBefore: readonly number[] = [];
  #reloadedAt: number | undefined;
  readonly #counts: ReloadCounts = { reloads: 0, failedReloads: 0, reloadSeconds: 0, workers: 0 };

  constructor(config: NginxConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#log = new ErrorLog(join(config.runDir, 'error.log'));
    this.#statusSocket = join(config.runDir, 'status.sock');
    this.#mainFile = join(config.rootDir, 'current', 'nginx.conf');
  }

  /** Process id of the master; undefined when nginx does not run. */
  async masterPid(): Promise<number | undefined> {
    const text = await unlessMissing(readFile(join(this.#config.runDir, 'nginx.pid'), 'utf8'));
    const pid = Number(text?.trim() || Number.NaN);
    return Number.isInteger(pid) && (await isMaster(pid)) ? pid : undefined;
  }

  /** Its workers, oldest first. */
  async workers(): Promise<WorkerProcess[]> {
    const master = await this.masterPid();
    return master === undefined ? [] : workersOf(master);
  }

  /** The release that a worker says it serves. */
  async servedRelease(): Promise<string | undefined> {
    return (await askStatus(this.#statusSocket))?.releaseId;
  }

  /** What it counted of reloads, workers as of the last look, and connections where nginx counts them. */
  async figures(): Promise<ReloadCounts & { connections: NginxConnections | undefined }> {
    return { ...this.#counts, connections: await askConnections(this.#statusSocket) };
  }

  /** Judges the configuration in `directory` as nginx itself does. */
  async test(directory: string): Promise<StepFailure | undefined> {
    const args = ['-t', '-q', '-p', `${directory}/`, '-c', join(directory, 'nginx.conf')];
    const result = await runProgram(this.#config.binary, args, { timeoutMs: 60_000 });
    return result.exitCode === 0 ? undefined : { exitCode: result.exitCode, stderr: nginxWords(result.stderr) };
  }

  /** Makes nginx read its configuration, starting it where that is ours to do; else it is started for us. */
  async reload(): Promise<StepFailure | undefined> {
    this.#reloadedAt = performance.now();
    await this.#log.mark();
    const master = await this.masterPid();
    this.#workersBefore = master === undefined ? [] : (await workersOf(master)).filter((w) => !w.old).map((w) => w.pid);
    const { manage, reload } = this.#config;
    if (!manage && 'signal' in reload) return master === undefined ? undefined : hangUp(master);
    if (master === undefined) await this.#clearOrphans();
    if (!manage && 'command' in reload) return this.#command(reload.command);
    return master === undefined ? this.#start() : hangUp(master);
  }

  /** There is nothing to serve any more: ends an nginx that would be started again when there is, and leaves any other. */
  async withdraw(): Promise<void> {
    const master = await this.masterPid();
    if (!this.#config.manage && 'signal' in this.#config.reload && master !== undefined) send(master, 'SIGQUIT');
  }

  /**
   * Resolves when `releaseId` is served and no earlier worker takes connections any more, or with nginx's own words
   * when it kept its old configuration, or after `withinMs` milliseconds.
   *
   * nginx's master lets both generations of workers serve for a tenth of a second before it dismisses the earlier one,
   * and it is mostly the earlier one that gets the connections. Once the new workers are there, nothing is left to wait
   * for, so the earlier ones are dismissed from here: a change is served 100 ms sooner. The master's own signal then
   * finds them leaving or gone, and it starts none of them anew.
   */
  async takenOver(releaseId: string, withinMs = TAKE_OVER_MS): Promise<StepFailure | undefined> {
    const failure = await this.#takenOver(releaseId, withinMs);
    if (failure) this.#counts.failedReloads += 1;
    else this.#counts.reloads += 1;
    if (!failure && this.#reloadedAt !== undefined) {
      this.#counts.reloadSeconds += (performance.now() - this.#reloadedAt) / 1000;
    }
    this.#reloadedAt = undefined;
    return failure;
  }

  async #takenOver(releaseId: string, withinMs: number): Promise<StepFailure | undefined> {
    const deadline = this.#clock.now() + withinMs;
    while (this.#clock.now() < deadline) {
      const refusals = await this.#log.refusals();
      if (refusals) return { exitCode: 0, stderr: refusals };
      if ((await this.#replaced()) && (await this.servedRelease()) === releaseId) return undefined;
      await delay(this.#clock, LOOK_MS);
    }
    if (!this.#config.manage && (await this.masterPid()) === undefined) {
      return { exitCode: 0, stderr: `nginx was not started within ${withinMs / 1000} s: systemctl status berth-nginx` };
    }
    return { exitCode: 0, stderr: `nginx does not serve release ${releaseId} after ${withinMs / 1000} s` };
  }

  /** Like `takenOver` after going back, when refusals of the failed release may still be written. */
  async settled(): Promise<StepFailure | undefined> {
    const deadline = this.#clock.now() + TAKE_OVER_MS;
    while (this.#clock.now() < deadline) {
      if (await this.#replaced()) return undefined;
      await delay(this.#clock, LOOK_MS);
    }
    return { exitCode: 0, stderr: 'nginx did not come back to its former configuration' };
  }

  /** Ends the oldest lingering workers above the bound. Returns how many workers there are then. */
  async boundOldWorkers(): Promise<number> {
    const workers = await this.workers();
    const old = workers.filter((worker) => worker.old);
    const excess = old.slice(0, Math.max(0, old.length - this.#config.maxOldWorkers));
    for (const { pid } of excess) send(pid, 'SIGTERM');
    this.#counts.workers = workers.length - excess.length;
    return this.#counts.workers;
  }

  /** Keeps the logs from filling the disk; of the error log, too: busy clients of a stopped guest write a line each. */
  async boundLogs(): Promise<void> {
    const { accessLog, accessLogRotation } = this.#config;
    const master = await this.masterPid();
    if (master === undefined) return;
    const errors = await this.#log.rotate();
    const accesses = accessLog !== undefined && (await rotateLog(accessLog, accessLogRotation));
    if (errors || accesses) send(master, 'SIGUSR1');
  }

  /** Whether new workers alone take connections; where both do and the new ones are complete, the others are dismissed. */
  async #replaced(): Promise<boolean> {
    const active = (await this.workers()).filter((worker) => !worker.old).map((worker) => worker.pid);
    const former = active.filter((pid) => this.#workersBefore.includes(pid));
    const complete = active.length - former.length >= Math.max(1, this.#workersBefore.length);
    if (complete) for (const pid of former) send(pid, 'SIGQUIT');
    return active.length > 0 && former.length === 0;
  }

  async #start(): Promise<StepFailure | undefined> {
    const current = join(this.#config.rootDir, 'current');
    const args = ['-p', `${current}/`, '-c', this.#mainFile];
    const result = await runProgram(this.#config.binary, args, { timeoutMs: 60_000 });
    return result.exitCode === 0 ? undefined : { exitCode: result.exitCode, stderr: nginxWords(result.stderr) };
  }

  async #command([program = '', ...args]: readonly string[]): Promise<StepFailure | undefined> {
    const result = await runProgram(program, args, { timeoutMs: 60_000 });
    return result.exitCode === 0 ? undefined : { exitCode: result.exitCode, stderr: nginxWords(result.stderr) };
  }

  // Workers whose master was killed hold the ports and their socket for ever. They are found through that socket, so
  // another nginx on this host is safe. Sockets that nobody holds would stop the next start.
  async #clearOrphans(): Promise<void> {
    const asked = new Set<number>();
    for (let orphan = await askStatus(this.#statusSocket); orphan; orphan = await askStatus(this.#statusSocket)) {
      send(orphan.pid, asked.has(orphan.pid) ? 'SIGTERM' : 'SIGQUIT');
      asked.add(orphan.pid);
      await delay(this.#clock, LOOK_MS);
    }
    const left = (await unlessMissing(readdir(this.#config.runDir))) ?? [];
    for (const name of left) if (name.endsWith('.sock')) await rm(join(this.#config.runDir, name), { force: true });
  }
}

function hangUp(pid: number): StepFailure | undefined {
  return send(pid, 'SIGHUP') ? undefined : { exitCode: 0, stderr: 'nginx ended before it could be reloaded' };
}

/** False when the process is gone. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
