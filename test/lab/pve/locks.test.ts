import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { expect, test } from 'vitest';
import { ConfigLocks, LOCK_TIMEOUT_MS } from './locks.ts';

test('gives a lock to one after the other', async () => {
  const locks = new ConfigLocks(new VirtualClock());
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const holders = ['a', 'b', 'c'].map((name) =>
    locks.hold(110, async () => {
      order.push(`+${name}`);
      if (name === 'a') await first.promise;
      order.push(`-${name}`);
    }),
  );
  await locks.hold(111, async () => order.push('other'));
  first.resolve();
  await Promise.all(holders);
  expect(order.filter((step) => step !== 'other')).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  expect(order.indexOf('other')).toBeLessThan(order.indexOf('-a'));
});

test('is given up after ten seconds in the words of a real node, and can be had again later', async () => {
  const clock = new VirtualClock();
  const locks = new ConfigLocks(clock);
  const first = Promise.withResolvers<void>();
  const holder = locks.hold(110, () => first.promise);
  const late = expect(locks.hold(110, async () => undefined)).rejects.toThrow(
    "can't lock file '/run/lock/lxc/pve-config-110.lock' - got timeout",
  );
  await clock.advance(LOCK_TIMEOUT_MS);
  await late;
  first.resolve();
  await holder;
  expect(await locks.hold(110, async () => 'mine')).toBe('mine');
});
