import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { healthOf } from '../store/backend-health.ts';
import { guestStateOf } from '../store/guest-states.ts';
import { leasesOf } from '../store/leases.ts';
import { insertServices } from '../store/services.ts';
import { addContainer } from './test-site.ts';
import { TestWorld } from './test-world.ts';

let world: TestWorld;

beforeEach(async () => {
  world = await TestWorld.open();
});

afterEach(() => world.close());

test('leases: stored, acknowledged, judged against reservations, ended by a full report', async () => {
  const containerId = await addContainer(world.store, world.siteId);
  const agent = await world.connect();
  const lease = (mac: string, address: string) => ({
    mac,
    address,
    expiresAt: timestampFromMs(world.clock.now() + 3_600_000),
  });
  agent.say({
    case: 'leaseReport',
    value: {
      seq: 4n,
      full: true,
      upserts: [lease('BC:24:11:00:00:01', '10.64.0.99'), lease('02:00:00:00:00:09', '10.64.0.50')],
    },
  });
  await world.settle();
  expect(agent.all('reportAck')[0]?.leaseSeq).toBe(4n);
  expect((await world.row()).acked_lease_seq).toBe(4);
  expect((await leasesOf(world.store.db, world.siteId)).map(({ address }) => address)).toContain('10.64.0.99');
  expect(await world.conditionsOf('container_id', containerId)).toMatchObject([
    { kind: 'lease_conflict', severity: 'error' },
  ]);
  const kinds = (await world.conditionsOf('agent_id', world.agentId)).map(({ kind }) => kind);
  expect(kinds.sort()).toEqual(['lease_conflict', 'unknown_device']);

  agent.say({ case: 'leaseReport', value: { seq: 5n, upserts: [lease('bc:24:11:00:00:01', '10.64.0.10')] } });
  await world.settle();
  expect(await world.conditionsOf('container_id', containerId)).toEqual([]);
  agent.say({
    case: 'leaseReport',
    value: { seq: 6n, full: true, upserts: [lease('bc:24:11:00:00:01', '10.64.0.10')] },
  });
  await world.settle();
  expect((await leasesOf(world.store.db, world.siteId)).map(({ mac }) => mac)).toEqual(['bc:24:11:00:00:01']);
  expect(await world.conditionsOf('agent_id', world.agentId)).toEqual([]);
});

test('guests, nodes out of reach, health and drift become rows and conditions', async () => {
  const containerId = await addContainer(world.store, world.siteId);
  const agent = await world.connect();
  const guest = {
    node: 'pve-1',
    vmid: 100,
    exists: true,
    power: 1,
    cpu: 0.25,
    uptimeSeconds: 5n,
    addresses: ['10.64.0.10'],
  };
  const missingRights = { pve1: 'The token lacks SDN.Use.' };
  agent.say({
    case: 'guestReport',
    value: { guests: [guest], unreachableNodes: { pve2: 'timed out' }, missingRights },
  });
  agent.say({ case: 'health', value: { ok: false, findings: ['nginx does not run'] } });
  const seenAt = timestampFromMs(world.clock.now());
  agent.say({
    case: 'driftReport',
    value: { path: '/etc/nginx/a', kind: 'changed', seenAt, repairedAt: timestampFromMs(world.clock.now() + 20) },
  });
  await world.settle();
  expect(await guestStateOf(world.store.db, containerId)).toMatchObject({ power: 'running', cpu_permille: 250 });
  const found = await world.conditionsOf('agent_id', world.agentId);
  expect(found.map(({ kind, severity, message }) => ({ kind, severity, message }))).toEqual(
    expect.arrayContaining([
      { kind: 'node_unreachable', severity: 'warning', message: 'timed out' },
      { kind: 'node_rights', severity: 'error', message: 'The token lacks SDN.Use.' },
      { kind: 'health', severity: 'error', message: 'nginx does not run' },
      { kind: 'drift', severity: 'info', message: 'was changed by somebody else and has been put back after 20 ms' },
    ]),
  );
  agent.say({ case: 'guestReport', value: { guests: [], full: true } });
  agent.say({ case: 'health', value: { ok: true } });
  await world.settle();
  expect((await world.conditionsOf('agent_id', world.agentId)).map(({ kind }) => kind)).toEqual(['drift']);
});

test('backends: what an ingress host sees of them is kept, of services of its own site only', async () => {
  const containerId = await addContainer(world.store, world.siteId);
  const agent = await world.connect();
  await world.store.transaction((tx) =>
    insertServices(tx, [
      {
        ...{ id: 'svc-1', container_id: containerId, site_id: world.siteId, kind: 'tcp', internal_port: 22, names: [] },
        ...{ backend_tls: 0, external_port: 2000, created_at: 1 },
      },
    ]),
  );
  const said = (healthy: boolean, error: string) => ({ route: `${containerId}/svc-1`, containerId, healthy, error });
  agent.say({ case: 'backendReport', value: { full: true, backends: [said(false, 'connection refused')] } });
  await world.settle();
  const [seen] = await healthOf(world.store.db, ['svc-1']);
  expect(seen).toMatchObject({ agent_id: world.agentId, healthy: 0, error: 'connection refused' });
  agent.say({ case: 'backendReport', value: { full: true, backends: [] } });
  await world.settle();
  expect(await healthOf(world.store.db, ['svc-1'])).toEqual([]);
});
