import { spawn } from 'node:child_process';

/** Runs a program to its end. @returns what it wrote @throws Error with what it said when it failed */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, input }: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, { ...(env && { env }) });
  let output = '';
  let complaint = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) resolve(output);
    else reject(new Error(`${program} ended with ${code}: ${complaint || output}`));
  });
  child.stdin.end(input ?? '');
  return promise;
}
