import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowestFree } from './lowest-free.ts';

async function pick(first: number, last: number, used: readonly number[]) {
  let read = 0;
  let looks = 0;
  const picked = await lowestFree(first, last, async (from, to) => {
    const found = used.filter((number) => number >= from && number <= to);
    looks += 1;
    read += found.length;
    return found;
  });
  return { picked, read, looks };
}

describe('lowestFree', () => {
  it('is the first number of the range that is not in use', async () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.nat(3_000));
    const holes = fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(range, holes, fc.integer({ min: 0, max: 6_000 }), async ([first, size], gaps, dense) => {
        const used = Array.from({ length: dense }, (_, n) => n).filter((n) => !gaps.includes(n));
        const last = first + size;
        let expected: number | undefined = first;
        while (used.includes(expected)) expected += 1;
        if (expected > last) expected = undefined;
        expect((await pick(first, last, used)).picked).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('looks once where little is in use, and reads each number in use at most once', async () => {
    expect(await pick(100, 999_999_999, [100, 101])).toMatchObject({ picked: 102, looks: 1 });
    const dense = Array.from({ length: 10_000 }, (_, n) => 100 + n);
    const { picked, read, looks } = await pick(100, 999_999_999, dense);
    expect({ picked, read }).toEqual({ picked: 10_100, read: 10_000 });
    expect(looks).toBeLessThan(20);
  });
});
