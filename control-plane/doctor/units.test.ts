import { expect, test } from 'vitest';
import type { ServiceControl, UnitState } from '../host/service-control.ts';
import { unitFindings } from './units.ts';

const RUNS: UnitState = { load: 'loaded', active: 'active', enabled: 'enabled', restarts: 0 };
const ASIDE: UnitState = { load: 'loaded', active: 'inactive', enabled: 'disabled', restarts: 0 };

function services(own: Partial<UnitState>, gateway: Partial<UnitState> = {}, available = true): ServiceControl {
  return {
    available: () => available,
    restart: () => Promise.reject(new Error('a doctor starts nothing')),
    stateOf: async (unit) => (unit === 'berth.service' ? { ...RUNS, ...own } : { ...ASIDE, ...gateway }),
  };
}

test.each<[string, Partial<UnitState>, string]>([
  ['runs', {}, 'ok'],
  ['is not installed', { load: 'not-found', active: 'inactive' }, 'fault'],
  ['has failed', { active: 'failed' }, 'fault'],
  ['starts again and again', { active: 'activating', restarts: 40 }, 'fault'],
  ['would not start at boot', { enabled: 'disabled' }, 'warning'],
  ['was started anew often', { restarts: 9 }, 'warning'],
])('a service that %s', async (_what, own, state) => {
  expect(await unitFindings(services(own))).toMatchObject([{ check: 'units', state }]);
});

test('the gateway apart counts where it is wanted', async () => {
  expect(await unitFindings(services({}))).toHaveLength(1);
  expect(await unitFindings(services({}, { enabled: 'enabled', active: 'failed' }))).toMatchObject([
    { state: 'ok' },
    { state: 'fault', message: 'berth-ldap.service is failed' },
  ]);
});

test('without systemd there are no units to look at', async () => {
  expect(await unitFindings(services({}, {}, false))).toMatchObject([{ state: 'warning' }]);
});
