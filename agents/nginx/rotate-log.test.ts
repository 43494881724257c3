import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rotateLog } from './rotate-log.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-rotate-'));
  path = join(directory, 'access.log');
});
afterEach(() => rm(directory, { recursive: true }));

test('a log that has grown too large moves up, and no more than the wanted number is kept', async () => {
  for (const content of ['one', 'two', 'three', 'four']) {
    await writeFile(path, content);
    expect(await rotateLog(path, { maxBytes: 2, keep: 2 })).toBe(true);
  }
  expect((await readdir(directory)).sort()).toEqual(['access.log.1', 'access.log.2']);
  expect(await readFile(`${path}.1`, 'utf8')).toBe('four');
  expect(await readFile(`${path}.2`, 'utf8')).toBe('three');
});

test('a small log stays, one that is not there is none, and without any to keep it is removed', async () => {
  expect(await rotateLog(path, { maxBytes: 10, keep: 2 })).toBe(false);
  await writeFile(path, 'small');
  expect(await rotateLog(path, { maxBytes: 10, keep: 2 })).toBe(false);
  expect(await rotateLog(path, { maxBytes: 2, keep: 0 })).toBe(true);
  expect(await readdir(directory)).toEqual([]);
});
