import { expect, it } from 'vitest';
import { ReadinessProbe } from './readiness.ts';

it('a replica is ready from when everything is started until it is to stop, and while all it needs is there', async () => {
  const probe = new ReadinessProbe();
  let fault: Error | undefined;
  probe.require('store', async () => {
    if (fault) throw fault;
  });
  expect(await probe.ready()).toBe(false);
  probe.serving();
  expect(await probe.look()).toEqual({
    ready: true,
    checks: [
      { name: 'process', ok: true, error: '' },
      { name: 'store', ok: true, error: '' },
    ],
  });
  fault = new Error('the database is away');
  const { ready, checks } = await probe.look();
  expect([ready, checks[1]]).toEqual([false, { name: 'store', ok: false, error: 'the database is away' }]);
  fault = undefined;
  expect(await probe.ready()).toBe(true);
  probe.stopping();
  expect(await probe.ready()).toBe(false);
});

it('many who ask at once cost one look', async () => {
  const probe = new ReadinessProbe();
  let looks = 0;
  probe.require('store', () => {
    looks += 1;
  });
  probe.serving();
  await Promise.all([probe.ready(), probe.ready(), probe.look()]);
  expect(looks).toBe(1);
});
