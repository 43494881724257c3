import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NameAddresses } from './name-addresses.ts';

let directory: string;
let answers: Record<string, string[]>;
const look = async (name: string) => {
  const found = answers[name];
  if (!found) throw new Error('ENOTFOUND');
  return found;
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-names-'));
  answers = { 'berth.example': ['192.0.2.2', '192.0.2.1'] };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a name is looked up once and then from time to time, an address never', async () => {
  const names = new NameAddresses(directory, look);
  await names.learn(['berth.example', '192.0.2.9', '[2001:db8::1]']);
  expect([...names.known]).toEqual([['berth.example', ['192.0.2.1', '192.0.2.2']]]);
  expect(await names.refresh()).toBe(false);
  answers['berth.example'] = ['192.0.2.3'];
  expect(await names.refresh()).toBe(true);
  expect(names.known.get('berth.example')).toEqual(['192.0.2.3']);
});

test('what was known last outlives name servers that fail, and the agent', async () => {
  await new NameAddresses(directory, look).learn(['berth.example']);
  answers = {};
  const later = new NameAddresses(directory, look);
  await later.learn(['berth.example', 'unknown.example']);
  expect(await later.refresh()).toBe(false);
  expect([...later.known.keys()]).toEqual(['berth.example']);
});

test('a damaged memory is as good as none', async () => {
  await writeFile(join(directory, 'addresses.json'), '[["berth.ex');
  const names = new NameAddresses(directory, look);
  await names.learn(['berth.example']);
  expect(names.known.get('berth.example')).toHaveLength(2);
});
