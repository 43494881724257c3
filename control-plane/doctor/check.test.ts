import { expect, test } from 'vitest';
import { bytesText, diagnose, ok, spanText } from './check.ts';

test('a look that fails is a finding, and keeps no other from being made', async () => {
  const failing = { name: 'disk', look: () => Promise.reject(new Error('EIO')) };
  const refused = new AggregateError([new Error('one'), Object.assign(new Error(), { code: 'ECONNREFUSED' })]);
  const findings = await diagnose([
    failing,
    { name: 'ldap', look: () => Promise.reject(refused) },
    { name: 'memory', look: async () => [ok('memory', 'enough')] },
  ]);
  expect(findings).toEqual([
    { check: 'disk', state: 'fault', message: 'could not be looked at: EIO' },
    { check: 'ldap', state: 'fault', message: 'could not be looked at: one; ECONNREFUSED' },
    { check: 'memory', state: 'ok', message: 'enough' },
  ]);
});

test('spans and sizes are told in the unit that says most', () => {
  expect([400, 119_000, 120_000, 7_200_000, -3 * 86_400_000].map(spanText)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '2 hours',
    '3 days',
  ]);
  expect([0, 1_023, 1_024, 5 * 2 ** 30].map(bytesText)).toEqual(['0 B', '1023 B', '1.0 KiB', '5.0 GiB']);
});
