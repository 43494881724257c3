import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { waitFor } from '../support/wait-for.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/** Our programs start in half the time when their TypeScript need not be read anew; emptied with node_modules. */
const COMPILED = join(REPOSITORY, 'node_modules/.cache/compiled');

/** Starts a program somewhere: on this machine, or on a host of the lab. */
export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

export interface ProgramOptions {
  /** For messages. */
  name: string;
  spawn?: Spawn;
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** Where its output goes, appended over restarts. */
  logFile: string;
  /** What it prints when it is ready. */
  ready: RegExp;
  /** Milliseconds to wait for that. */
  readyWithinMs?: number;
}

/** One of our programs under test: started, killed as rudely as a test likes, and started again. */
export class Program {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it says that it is ready. @throws with the end of its output when it is not. */
  async start(): Promise<void> {
    const { name, command, args, env, logFile, ready, readyWithinMs = 30_000 } = this.#options;
    const run = this.#options.spawn ?? ((c, a, o) => spawn(c, a, o));
    mkdirSync(dirname(logFile), { recursive: true });
    const log = createWriteStream(logFile, { flags: 'a' });
    const child = run(command, args, {
      cwd: REPOSITORY,
      env: { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let said = '';
    const hear = (chunk: Buffer) => {
      log.write(chunk);
      if (said.length < 1_000_000) said += chunk;
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('close', () => log.end());
    await waitFor(
      () => {
        if (child.exitCode !== null || child.signalCode) throw new Stopped(`${name} ended: ${said.slice(-2000)}`);
        return ready.test(said);
      },
      { timeoutMs: readyWithinMs, what: `${name} to be ready` },
    ).catch((error) => {
      throw new Error(`${name} did not start: ${said.slice(-2000)}`, { cause: error });
    });
  }

  /** Whether it runs. */
  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Process id, or undefined when it does not run. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  /** Sends a signal and waits for its end; SIGKILL is what a crash is tried with. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || !this.running) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Everything it has written since the lab began. */
  log(): string {
    return readFileSync(this.#options.logFile, 'utf8');
  }
}

class Stopped extends Error {}
