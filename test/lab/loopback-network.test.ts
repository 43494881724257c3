import { expect, test } from 'vitest';
import { takeLoopbackNetwork } from './loopback-network.ts';

test('no two labs have a network or a port in common, and what is given back can be had again', async () => {
  const taken = await Promise.all(Array.from({ length: 40 }, takeLoopbackNetwork));
  expect(new Set(taken.map(({ prefix }) => prefix)).size).toBe(40);
  expect(new Set(taken.map(({ firstPort }) => firstPort)).size).toBe(40);
  for (const { firstPort } of taken) expect(firstPort + 99).toBeLessThan(17_999);
  for (const { release } of taken) release();
  const again = await Promise.all(Array.from({ length: 40 }, takeLoopbackNetwork));
  for (const { release } of again) release();
});
