import { spawn } from 'node:child_process';

/** What a finished command said. */
export type CommandOutput = { readonly stdout: string; readonly stderr: string };

/** Options of {@link runCommand}. */
export type CommandOptions = {
  /** Text for its standard input. */
  readonly input?: string;
  /** Milliseconds after which it is killed; 30,000 by default. */
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
};

/** A command that failed: its exit code (null after a signal) and all it said. */
export class CommandError extends Error {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, code: number | null, output: CommandOutput) {
    super(`${command} ended with ${code ?? 'a signal'}: ${(output.stderr || output.stdout).trim()}`);
    this.name = 'CommandError';
    this.code = code;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** Debian keeps many of the lab's programs where an ordinary user's PATH does not look. */
export function withSystemPath(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin` };
}

/**
 * Runs a program to its end.
 *
 * @throws CommandError when it cannot start, ends with anything but 0, or is killed for taking too long.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const line = [command, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: withSystemPath(options.env ?? process.env),
      cwd: options.cwd,
      timeout: options.timeoutMs ?? 30_000,
      killSignal: 'SIGKILL',
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', (error) => reject(new CommandError(line, null, { stdout, stderr: error.message })));
    child.on('close', (code) => {
      if (code === 0) resolve({ stdout, stderr });
      else reject(new CommandError(line, code, { stdout, stderr }));
    });
    child.stdin?.on('error', () => child.kill('SIGKILL')).end(options.input);
  });
}
