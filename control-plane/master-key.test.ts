import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadMasterKey } from './master-key.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-key-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('a key is made once, for nobody else to read', () => {
  const file = join(directory, 'state', 'master.key');
  const key = loadMasterKey(file);
  expect(key).toHaveLength(32);
  expect(loadMasterKey(file)).toEqual(key);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a credential is read as it is, also when it is encrypted at rest', () => {
  for (const name of ['berth.master-key', 'berth.master-key.encrypted']) {
    const file = join(directory, name);
    writeFileSync(file, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o400 });
    expect(loadMasterKey(file)).toEqual(Buffer.alloc(32, 7));
    expect(statSync(file).mode & 0o777).toBe(0o400);
  }
});

test('a key that others may read is closed to them; what is no key is refused and left', () => {
  const file = join(directory, 'master.key');
  writeFileSync(file, Buffer.alloc(32, 7).toString('base64'));
  chmodSync(file, 0o644);
  loadMasterKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, 'short');
  expect(() => loadMasterKey(file)).toThrow(/32 bytes/);
  expect(readFileSync(file, 'utf8')).toBe('short');
});
