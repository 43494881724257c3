import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupCount, groupOf, hashPosition, slotNames } from './slots.ts';

test('each position of a group of any size has a spelling of its name that leads to it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1200 }), (size) => {
      const names = slotNames('7backendsofgroup', size);
      expect(names).toHaveLength(size);
      for (const [position, name] of names.entries()) {
        expect(hashPosition(name, size)).toBe(position);
        expect(name.toLowerCase()).toBe('7backendsofgroup');
      }
    }),
    { numRuns: 40 },
  );
});

test('a name with too few letters for its group is refused', () => {
  expect(() => slotNames('abc1', 64)).toThrow(/too few spellings/);
});

test('the position follows bits 16 to 30 of CRC-32', () => {
  // crc32("123456789") is the check value 0xcbf43926.
  expect(hashPosition('123456789', 32_768)).toBe(0x4bf4);
});

test('the number of groups grows with the members and spreads them', () => {
  expect([0, 1, 128, 129, 10_000].map(groupCount)).toEqual([1, 1, 1, 2, 128]);
  const groups = new Set(Array.from({ length: 1000 }, (_, index) => groupOf(`10.0.0.${index}:80`, 16)));
  expect(groups.size).toBe(16);
});
