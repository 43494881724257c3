import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bisect } from './bisect.ts';

test('finds exactly the culprits, in few steps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(499), { maxLength: 5 }), async (bad) => {
      let calls = 0;
      const everything = Array.from({ length: 500 }, (_, index) => index);
      const found = await bisect(everything, async (kept) => {
        calls += 1;
        return !kept.some((each) => bad.includes(each));
      });
      expect(found).toEqual(bad.toSorted((a, b) => a - b));
      expect(calls).toBeLessThanOrEqual(1 + 20 * bad.length);
    }),
  );
});
