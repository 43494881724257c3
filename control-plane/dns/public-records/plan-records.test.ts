import { expect, it } from 'vitest';
import type { WantedRecord } from '../../store/dns-records.ts';
import type { Row } from '../../store/schema.ts';
import { planRecords, wantedRecord } from './plan-records.ts';

const wish: WantedRecord = {
  site_id: 'sit-1',
  domain_name: 'apps.lab',
  dns_provider_id: 'dnp-1',
  name: 'web.apps.lab',
  type: 'A',
  value: '192.0.2.1',
};
const row = (change: Partial<Row<'dns_records'>> = {}): Row<'dns_records'> => ({
  ...wish,
  id: 'rec-1',
  wanted: 1,
  state: 'present',
  problem: '',
  failures: 0,
  next_try_at: 0,
  record: '{}',
  leased_by: null,
  leased_until: null,
  created_at: 0,
  updated_at: 0,
  ...change,
});

it.each([
  ['192.0.2.1', 'A'],
  ['2001:db8::1', 'AAAA'],
  ['edge.example.org', 'CNAME'],
])('leads to %s by %s', (external_address, type) => {
  const { domain_name, dns_provider_id, name } = wish;
  expect(wantedRecord('sit-1', { domain_name, dns_provider_id, name, external_address })).toMatchObject({ type });
});

it('leads nothing to itself', () => {
  const { domain_name, dns_provider_id, name } = wish;
  expect(wantedRecord('sit-1', { domain_name, dns_provider_id, name, external_address: name })).toBeUndefined();
});

it('leaves what is as it should be', () => {
  expect(planRecords([wish], [row()])).toEqual({ add: [], change: new Map() });
  expect(planRecords([], [row({ wanted: 0 })])).toEqual({ add: [], change: new Map() });
});

it('adds, changes, takes away and takes back', () => {
  expect(planRecords([wish], []).add).toEqual([wish]);
  const changed = { wanted: 1, value: '192.0.2.1', domain_name: 'apps.lab' };
  expect(planRecords([wish], [row({ value: '192.0.2.9' })]).change).toEqual(new Map([['rec-1', changed]]));
  expect(planRecords([wish], [row({ wanted: 0 })]).change).toEqual(new Map([['rec-1', changed]]));
  expect(planRecords([], [row()]).change).toEqual(new Map([['rec-1', { wanted: 0 }]]));
});

it('moves to another provider in two steps, and to another type in one', () => {
  const elsewhere = { ...wish, dns_provider_id: 'dnp-2' };
  expect(planRecords([elsewhere], [row()])).toEqual({ add: [], change: new Map([['rec-1', { wanted: 0 }]]) });
  expect(planRecords([elsewhere], [])).toEqual({ add: [elsewhere], change: new Map() });
  const alias = { ...wish, type: 'CNAME' as const, value: 'edge.example.org' };
  expect(planRecords([alias], [row()])).toEqual({ add: [alias], change: new Map([['rec-1', { wanted: 0 }]]) });
});
