import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withCredentials } from './credentials.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-credentials-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('credentials become variables, encrypted at rest or not', () => {
  writeFileSync(join(directory, 'berth.master-key'), 'key');
  writeFileSync(join(directory, 'berth.database-url.encrypted'), 'postgres://berth:secret@db/berth\n');
  expect(withCredentials({ CREDENTIALS_DIRECTORY: directory })).toMatchObject({
    BERTH_MASTER_KEY_FILE: join(directory, 'berth.master-key'),
    BERTH_DATABASE_URL: 'postgres://berth:secret@db/berth',
  });
});

test('what is set expressly comes first', () => {
  writeFileSync(join(directory, 'berth.database-url'), 'postgres://db/berth');
  const env = { CREDENTIALS_DIRECTORY: directory, BERTH_DATABASE_URL: 'sqlite:/srv/berth.db' };
  expect(withCredentials(env)).toEqual(env);
});

test('without credentials the environment stays as it is', () => {
  expect(withCredentials({ A: 'b' })).toEqual({ A: 'b' });
  expect(withCredentials({ CREDENTIALS_DIRECTORY: directory })).toEqual({ CREDENTIALS_DIRECTORY: directory });
});
