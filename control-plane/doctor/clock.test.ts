import { expect, test } from 'vitest';
import { type ClockFacts, clockFindings } from './clock.ts';

const RIGHT: ClockFacts = {
  now: 1_000_000,
  other: { now: 1_001_000, whose: 'the database server' },
  newestChange: 990_000,
  synchronised: true,
  container: false,
};

const statesOf = (facts: Partial<ClockFacts>) => clockFindings({ ...RIGHT, ...facts }).map(({ state }) => state);

test('a clock that is right and kept so is no finding', () => {
  expect(clockFindings(RIGHT)).toEqual([
    { check: 'clock', state: 'ok', message: 'within 5 s of that of the database server' },
    { check: 'clock', state: 'ok', message: 'kept by NTP' },
  ]);
});

test('a clock that differs from the database server is one, graver with the difference', () => {
  const other = (now: number) => ({ other: { now, whose: 'the database server' } });
  expect(statesOf(other(RIGHT.now + 30_000))).toEqual(['warning', 'ok']);
  expect(statesOf(other(RIGHT.now - 90_000))).toEqual(['fault', 'ok']);
  expect(clockFindings({ ...RIGHT, ...other(RIGHT.now - 90_000) })[0]?.message).toBe(
    'it is 90 s ahead of that of the database server',
  );
});

test('a clock behind what is written down already is a fault', () => {
  expect(clockFindings({ ...RIGHT, other: undefined, newestChange: RIGHT.now + 3_600_000 })[0]).toMatchObject({
    state: 'fault',
    message: 'it is 60 min behind the newest change in the database',
  });
});

test('a clock that nobody keeps is a warning, but not in a container', () => {
  expect(statesOf({ synchronised: false })).toEqual(['ok', 'warning']);
  expect(statesOf({ synchronised: false, container: true })).toEqual(['ok', 'ok']);
  expect(statesOf({ synchronised: undefined })).toEqual(['ok']);
});
