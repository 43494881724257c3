import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TABLE = readFileSync(join(import.meta.dirname, 'packages.txt'), 'utf8');

let directory: string;

// Nobody may be kept from reading where the repository lies, as in somebody's home.
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-packages-'));
  chmodSync(directory, 0o755);
  for (const file of ['ensure-packages.sh', 'packages.txt']) {
    copyFileSync(join(import.meta.dirname, file), join(directory, file));
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

// Nobody may not install anything: what the tests ask for is named, never fetched.
function ensure(...args: readonly string[]) {
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', 'bash'];
  const [command, ...before] = process.getuid?.() === 0 ? ['setpriv', ...asNobody] : ['bash'];
  return spawnSync(command ?? 'bash', [...before, join(directory, 'ensure-packages.sh'), ...args], {
    encoding: 'utf8',
    cwd: '/',
  });
}

describe('ensure-packages', () => {
  it('says nothing when everything is there, also what an ordinary PATH does not show', () => {
    const result = ensure('sh:dash', 'postgres:postgresql', 'ip:iproute2');
    expect({ status: result.status, said: result.stdout + result.stderr }).toEqual({ status: 0, said: '' });
  });

  it('names what is missing and fails when it may not install', () => {
    const result = ensure('sh:dash', 'no-such-command:first:second');
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('no-such-command');
    expect(result.stderr).toContain('first second');
    expect(result.stderr).not.toContain('dash');
  });

  it('has a table of well-formed lines', () => {
    const lines = TABLE.split('\n').filter((line) => line && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^\S+ +[a-z0-9,.+-]+( +(test|dev|bench|package))+$/);
  });
});
