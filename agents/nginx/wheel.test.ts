import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Wheel } from './wheel.ts';

test('each thing is taken once, not before its turn and at the first look after it', () => {
  const times = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 50 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 700 }), (dues, step) => {
      const wheel = new Wheel<number>(100, 0);
      for (const due of dues) wheel.add(due, due);
      const taken: number[] = [];
      for (let now = 0; now <= 6000; now += step) {
        for (const due of wheel.take(now)) {
          expect(Math.floor(due / 100)).toBeLessThanOrEqual(Math.floor(now / 100));
          expect(Math.floor(due / 100)).toBeGreaterThan(Math.floor((now - step) / 100) - 1);
          taken.push(due);
        }
      }
      expect(taken.toSorted((one, other) => one - other)).toEqual(dues.toSorted((one, other) => one - other));
    }),
  );
});

test('what is already past is due at the next look', () => {
  const wheel = new Wheel<string>(100, 0);
  wheel.take(1000);
  wheel.add('late', 500);
  expect(wheel.take(1050)).toEqual([]);
  expect(wheel.take(1100)).toEqual(['late']);
});
