import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { holderWords, listListeners } from '../host/listeners.ts';
import { type ProgramResult, runProgram } from '../shared/run-program.ts';
import type { DnsmasqConfig } from './config.ts';
import { FILES } from './render.ts';

/** Milliseconds a dnsmasq may take to end after SIGTERM. */
const STOP_TIMEOUT_MS = 5_000;
/** Milliseconds the host's service manager may take to start it. */
const START_TIMEOUT_MS = 10_000;
const LOOK_MS = 10;

/**
 * The dnsmasq process of this host. A managed one is started as a daemon, so that it serves on when the agent is gone;
 * another is ended, and started again by the host's service manager, or restarted by a command. It is recognised by its
 * process id file or, when that is lost, by the configuration file on its command line. A process that is not provably
 * this dnsmasq is never signalled.
 */
export class DnsmasqServer {
  readonly #config: DnsmasqConfig;
  readonly #clock: Clock;
  readonly #counts = { restarts: 0n, reloads: 0n };

  constructor(config: DnsmasqConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Path of the main file the process is started with. */
  get mainFile(): string {
    return join(this.#config.rootDir, 'current', FILES.main);
  }

  /** How often it was started and told to read its files anew. */
  get counts(): { restarts: bigint; reloads: bigint } {
    return { ...this.#counts };
  }

  /** Process id of the running dnsmasq, or undefined. */
  async pid(): Promise<number | undefined> {
    return (await this.#writtenPid()) ?? (this.#startsWithOurs ? this.#findPid() : undefined);
  }

  /** Reads hosts, reservations and servers again. False when no dnsmasq runs. */
  async reload(): Promise<boolean> {
    const pid = await this.pid();
    const told = pid !== undefined && signal(pid, 'SIGHUP');
    if (told) this.#counts.reloads += 1n;
    return told;
  }

  /** Starts it, ending one that runs. Returns its words when it refuses. */
  async restart(): Promise<ProgramResult> {
    const { manage, restart } = this.#config;
    if (!manage) this.#counts.restarts += 1n;
    if (!manage && 'command' in restart) {
      const [command = '', ...args] = restart.command;
      return runProgram(command, args, { timeoutMs: 30_000 });
    }
    if (!(await this.stop())) return timedOut('the running dnsmasq did not end');
    return manage ? this.start() : this.#started();
  }

  /** Starts a managed dnsmasq; it answers once this resolves with exit code 0. */
  start(): Promise<ProgramResult> {
    this.#counts.restarts += 1n;
    return runProgram(this.#config.binary, [`--conf-file=${this.mainFile}`], { timeoutMs: 10_000 });
  }

  /** There is nothing to serve any more: ends the dnsmasq that is ours to end, leaves any other to its owner. */
  async withdraw(): Promise<boolean> {
    return !this.#startsWithOurs || this.stop();
  }

  /** Ends it; true when it does not run any more. */
  async stop(): Promise<boolean> {
    const pid = await this.pid();
    if (pid === undefined) return true;
    signal(pid, 'SIGTERM');
    const deadline = this.#clock.now() + STOP_TIMEOUT_MS;
    while (await this.#isOurs(pid)) {
      if (this.#clock.now() > deadline) return signal(pid, 'SIGKILL');
      await delay(this.#clock, LOOK_MS);
    }
    return true;
  }

  /** Whether whoever starts it does so with our main file on the command line. */
  get #startsWithOurs(): boolean {
    return this.#config.manage || this.#config.bySignal;
  }

  /** Waits for the service manager. dnsmasq writes its process id when it has taken its ports. */
  async #started(): Promise<ProgramResult> {
    const deadline = this.#clock.now() + START_TIMEOUT_MS;
    while ((await this.#writtenPid()) === undefined) {
      if (this.#clock.now() > deadline) {
        const taken = await this.#portWords();
        return timedOut(
          `dnsmasq was not started within ${START_TIMEOUT_MS / 1000} s${taken}: systemctl status berth-dnsmasq`,
        );
      }
      await delay(this.#clock, LOOK_MS);
    }
    return { exitCode: 0, stdout: '', stderr: '', timedOut: false };
  }

  /** What stands in its way most often. */
  async #portWords(): Promise<string> {
    const holder = (await listListeners()).find(({ port }) => port === this.#config.dnsPort);
    return holder ? `, and port ${holder.port} of ${holder.address} is kept by ${holderWords(holder)}` : '';
  }

  async #writtenPid(): Promise<number | undefined> {
    const text = await readFile(this.#config.pidFile, 'utf8').catch(() => '');
    const pid = Number.parseInt(text, 10);
    return pid > 1 && (await this.#isOurs(pid)) ? pid : undefined;
  }

  async #isOurs(pid: number): Promise<boolean> {
    const [program = '', ...args] = await commandLine(pid);
    if (basename(program) !== basename(this.#config.binary)) return false;
    return !this.#startsWithOurs || args.includes(`--conf-file=${this.mainFile}`);
  }

  async #findPid(): Promise<number | undefined> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    for (const pid of pids) if (await this.#isOurs(pid)) return pid;
    return undefined;
  }
}

function timedOut(stderr: string): ProgramResult {
  return { exitCode: 1, stdout: '', stderr, timedOut: true };
}

/** Empty for a process that is gone, and for a zombie. */
async function commandLine(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').slice(0, -1);
}

function signal(pid: number, name: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
