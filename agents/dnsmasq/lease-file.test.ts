import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { expect, it } from 'vitest';
import { parseLeases, readLeases, withoutLease } from './lease-file.ts';

const text = [
  '1795413480 02:be:00:00:00:01 10.64.0.20 web1 01:02:be:00:00:00:01',
  '0 02:BE:00:00:00:02 10.64.0.21 * *',
  'garbage',
  '1795413480 06-02:be:00:00:00:03 10.64.0.22 odd *',
  'duid 00:01:00:01:2a',
  '1795413480 12345 2001:db8::1 six 00:01',
  '',
].join('\n');

it('reads IPv4 leases, infinite ones and those without a name, and passes over the rest', () => {
  expect(parseLeases(text)).toEqual([
    { mac: '02:be:00:00:00:01', address: '10.64.0.20', hostname: 'web1', expiresAt: 1_795_413_480 },
    { mac: '02:be:00:00:00:02', address: '10.64.0.21', hostname: '', expiresAt: 0 },
  ]);
});

it('takes out one lease and leaves every other line as it is', () => {
  const [, ...rest] = text.split('\n');
  expect(withoutLease(text, '02:be:00:00:00:01', '10.64.0.20')).toBe(rest.join('\n'));
  expect(withoutLease(text, '02:be:00:00:00:01', '10.64.0.99')).toBe(text);
});

it('holds a missing file for one without leases', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-leases-'));
  const file = join(directory, 'leases');
  expect(await readLeases(file, systemClock)).toEqual([]);
  await writeFile(file, text);
  expect(await readLeases(file, systemClock)).toHaveLength(2);
  await rm(directory, { recursive: true });
});
