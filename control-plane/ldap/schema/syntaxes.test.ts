import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directoryString, integer, readTime, writeTime } from './syntaxes.ts';

test('times are written as they are read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      expect(readTime(writeTime(seconds * 1_000))).toBe(seconds * 1_000);
    }),
  );
});

test.each([
  ['20260730120000Z', Date.UTC(2026, 6, 30, 12)],
  ['20260730120000.25Z', Date.UTC(2026, 6, 30, 12, 0, 0, 250)],
  ['202607301200Z', Date.UTC(2026, 6, 30, 12)],
  ['2026073012.5Z', Date.UTC(2026, 6, 30, 12, 30)],
  ['20260730140000+0200', Date.UTC(2026, 6, 30, 12)],
  ['20260730093000-0230', Date.UTC(2026, 6, 30, 12)],
])('%s is a time', (text, at) => expect(readTime(text)).toBe(at));

test.each(['', '2026', '20261330120000Z', '20260732120000Z', '20260730250000Z', '20260730120000', 'yesterday'])(
  '"%s" is no time',
  (text) => expect(readTime(text)).toBeUndefined(),
);

describe('text', () => {
  test('is the same in any letter case, with any number of spaces', () => {
    expect(directoryString.key('  Ada   LOVELACE ')).toBe(directoryString.key('ada lovelace'));
    expect(directoryString.key('ÉMILE')).toBe(directoryString.key('émile'));
  });
});

test('numbers are compared as numbers', () => {
  expect(integer.key('0010')).toBe(integer.key('10'));
  expect(integer.key('1e3')).toBeUndefined();
});
