/** A short form of `scripts/bench nginx-changes`, which makes a thousand changes under more load. */

import { expect, test } from 'vitest';
import { changeUnderLoad } from './nginx-changes.ts';

test('routes change one after another, and nobody who uses them notices', async () => {
  const outcome = await changeUnderLoad({ routes: 100, changes: 20, clients: 4, sockets: 8 });
  expect(outcome.failures).toEqual([]);
  expect(outcome.requests).toBeGreaterThan(1000);
  expect(outcome.echoes).toBeGreaterThan(100);
  expect(outcome.downloaded).toBeGreaterThan(10_000);
  // Two that serve, two that hold the WebSockets, and those that are just leaving.
  expect(outcome.workers).toBeLessThanOrEqual(12);
});
