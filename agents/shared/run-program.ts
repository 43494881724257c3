import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Milliseconds given to the output of a program that has ended: a daemon it left behind may hold the pipes open. */
const DRAIN_MS = 50;

/** How a program is run. */
export interface ProgramOptions {
  /** Milliseconds after which it is killed; 30,000 by default. */
  timeoutMs?: number;
  /** Bytes kept of each output, counted from its end; 64 KiB by default. */
  tailBytes?: number;
  /** Working directory. */
  cwd?: string;
  /** Whole environment; that of this process by default. */
  env?: NodeJS.ProcessEnv;
  /** Text for its standard input; none by default. */
  input?: string;
  /** Kills it when aborted. */
  signal?: AbortSignal;
}

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; 127 when it could not be started, 128 + n when signal n ended it, 124 after the time-out. */
  exitCode: number;
  /** End of its standard output. */
  stdout: string;
  /** End of its standard error, or why it could not be run. */
  stderr: string;
  /** Whether the time-out ended it. */
  timedOut: boolean;
}

/** Runs a program without a shell. Never rejects: what goes wrong is in the result. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    signal: options.signal,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(options.input ?? '');
  const tailBytes = options.tailBytes ?? 65_536;
  const stdout = tailOf(child.stdout, tailBytes);
  const stderr = tailOf(child.stderr, tailBytes);
  return ended(child, options.timeoutMs ?? 30_000).then((end) => ({
    exitCode: end.exitCode,
    timedOut: end.timedOut,
    stdout: stdout(),
    stderr: [stderr().trimEnd(), end.reason].filter(Boolean).join('\n'),
  }));
}

interface End {
  exitCode: number;
  timedOut: boolean;
  reason?: string;
}

function ended(child: ChildProcess, timeoutMs: number): Promise<End> {
  return new Promise((resolve) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ exitCode: 127, timedOut, reason: error.message });
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      const reason = timedOut ? `no answer within ${timeoutMs} ms` : signal ? `ended by ${signal}` : undefined;
      const end = { exitCode: timedOut ? 124 : (code ?? 128 + signalNumber(signal)), timedOut, reason };
      drained(child).then(() => resolve(end));
    });
  });
}

/** Resolves when the output has been read to its end, or when somebody else holds it open. */
function drained(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve();
    }, DRAIN_MS);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function tailOf(stream: NodeJS.ReadableStream, limit: number): () => string {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]);
    if (tail.length > limit) tail = tail.subarray(tail.length - limit);
  });
  return () => tail.toString('utf8');
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal ? constants.signals[signal] : 0;
}
