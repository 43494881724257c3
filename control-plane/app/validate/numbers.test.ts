import fc from 'fast-check';
import { expect, it } from 'vitest';
import { portFault, rangeFault } from './numbers.ts';

it('takes every port and no other number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_535 }), (port) => {
      expect(portFault(port)).toBeUndefined();
    }),
  );
  const other = fc.oneof(
    fc.integer({ min: 65_536 }),
    fc.integer({ max: 0 }),
    fc.double({ noInteger: true }),
    fc.constantFrom(-0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 65_535.000_001, 4_294_967_295, 2 ** 53),
  );
  fc.assert(
    fc.property(other, (port) => {
      expect(portFault(port)).toBe('must be a whole number from 1 to 65535');
    }),
  );
});

it('takes exactly what lies between the bounds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.integer(), (value, one, two) => {
      const [min, max] = [Math.min(one, two), Math.max(one, two)];
      expect(rangeFault(value, min, max) === undefined).toBe(value >= min && value <= max);
      expect([rangeFault(min, min, max), rangeFault(max, min, max)]).toEqual([undefined, undefined]);
    }),
  );
});
