import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** A program that runs, with its streams and its end. */
export interface StartedProgram {
  stdin: Writable;
  stdout: Readable;
  /** @throws Error with what it said when it failed */
  ended: Promise<void>;
}

/** Starts a program. */
export function startProgram(program: string, args: readonly string[], cwd?: string): StartedProgram {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(program, args, {
    stdio: 'pipe',
    ...(cwd && { cwd }),
  });
  const complaint = text(child.stderr);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on('error', reject);
  child.on('close', async (code) => {
    if (code === 0) resolve();
    else reject(new Error(`${program} ended with ${code}: ${await complaint}`));
  });
  return { stdin: child.stdin, stdout: child.stdout, ended: promise };
}

/** Runs a program to its end. @returns what it wrote @throws Error with what it said when it failed */
export async function runProgram(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const started = startProgram(program, args, cwd);
  started.stdin.end();
  const [output] = await Promise.all([text(started.stdout), started.ended]);
  return output;
}
