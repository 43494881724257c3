import { seededRandom } from '@berth/proto/contract/random.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Failure, tryAgain } from './back-off.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Times of tries when everything always fails. */
function tries(kind: Failure['kind'], seed: number, count = 40): number[] {
  const random = seededRandom(seed);
  const times = [0];
  for (let failures = 1; failures < count; failures++) {
    times.push(tryAgain({ kind }, failures, { now: times.at(-1) ?? 0, random }).at);
  }
  return times;
}

it('what is refused is tried at most five times in any hour, and at least twice a day', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const times = tries('refused', seed);
      for (const [i, from] of times.entries()) {
        expect(times.slice(i).filter((at) => at < from + HOUR).length).toBeLessThanOrEqual(5);
        expect((times[i + 1] ?? from) - from).toBeLessThanOrEqual(12 * HOUR);
      }
    }),
  );
});

it('what could not be asked is tried within seconds at first, and twice an hour at least', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const times = tries('passing', seed);
      expect(times[1]).toBeLessThanOrEqual(2_000);
      expect(times.filter((at) => at < HOUR).length).toBeLessThan(40);
      for (const [i, at] of times.slice(1).entries()) {
        expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(1_000);
        expect(at - (times[i] ?? 0)).toBeLessThanOrEqual(30 * MINUTE);
      }
    }),
  );
});

it('an authority that asks to be left alone is, and a little longer', () => {
  fc.assert(
    fc.property(fc.nat(3 * 86_400), fc.nat(), (seconds, seed) => {
      const failure = { kind: 'limited', retryAfterMs: seconds * 1_000 } as const;
      const { at, reason } = tryAgain(failure, 2, { now: 0, random: seededRandom(seed) });
      expect(at).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(at).toBeLessThanOrEqual(seconds * 1_100 + 2_200);
      expect(reason).toBe('the authority asks to wait after 2 failures');
    }),
  );
  expect(tryAgain({ kind: 'limited' }, 1, { now: 0, random: () => 0 }).at).toBe(HOUR);
});

it('a certificate of a day is tried for more often than one of a quarter', () => {
  const life = { from: 0, until: 24 * HOUR };
  const last = (of?: typeof life) => tryAgain({ kind: 'refused' }, 12, { now: 0, random: () => 0.999, life: of }).at;
  expect(last()).toBeGreaterThan(11 * HOUR);
  expect(last(life)).toBeLessThanOrEqual(2 * HOUR);
});
