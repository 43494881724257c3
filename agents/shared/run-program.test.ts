import { describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

describe('runProgram', () => {
  it('returns both outputs and the exit code', async () => {
    const result = await runProgram('sh', ['-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err', timedOut: false });
  });

  it('passes arguments without a shell, and input', async () => {
    const result = await runProgram('cat', ['-', '$HOME;`id`'], { input: 'typed' });
    expect(result.stdout).toBe('typed');
    expect(result.stderr).toContain('$HOME;`id`');
  });

  it('says why a program cannot be run', async () => {
    expect(await runProgram('/no/such/program', [])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringContaining('ENOENT'),
    });
  });

  it('kills what takes too long', async () => {
    const result = await runProgram('sleep', ['30'], { timeoutMs: 50 });
    expect(result).toMatchObject({ exitCode: 124, timedOut: true, stderr: 'no answer within 50 ms' });
  });

  it('keeps the end of a long output', async () => {
    const result = await runProgram('sh', ['-c', 'seq 1 20000'], { tailBytes: 12 });
    expect(result.stdout).toBe('19999\n20000\n');
  });

  it('returns although a daemon it started holds its output open', async () => {
    const result = await runProgram('sh', ['-c', 'sleep 5 & echo started']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'started\n' });
  });
});
