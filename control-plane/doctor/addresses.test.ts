import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedSite } from '../operations/testing/seed.ts';
import { insertContainer } from '../store/containers.ts';
import { openStore } from '../store/open.ts';
import { sampleContainer } from '../store/sample-rows.ts';
import type { Store } from '../store/store.ts';
import { type AskServer, addressFindings } from './addresses.ts';

let store: Store;
const container = sampleContainer(1);
const name = `${container.hostname}.lab.internal`;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', masterKey: Buffer.alloc(32, 1) });
  const { siteId, nodeId, owner } = await seedSite(store);
  await store.transaction(async (tx) => {
    await tx.db.updateTable('sites').set({ dns_servers: '["10.64.0.2"]' }).execute();
    const row = { ...container, site_id: siteId, node_id: nodeId, owner_id: owner.userId, phase: 'ready' as const };
    await insertContainer(tx, row);
    await tx.db
      .insertInto('guest_states')
      .values({
        container_id: container.id,
        exists_on_node: 1,
        power: 'running',
        lock_name: '',
        uptime_seconds: 1,
        memory_bytes: 0,
        cpu_permille: 0,
        addresses: '[]',
        seen_at: tx.now,
      })
      .execute();
  });
});

afterAll(() => store.close());

const answers =
  (...addresses: string[]): AskServer =>
  async (server, asked) => {
    expect([server, asked]).toEqual(['10.64.0.2', name]);
    return addresses;
  };
const fails =
  (code: string): AskServer =>
  () =>
    Promise.reject(Object.assign(new Error(code), { code }));

test.each<[string, AskServer, string]>([
  ['the reserved address', answers(container.address), 'ok'],
  ['another address', answers('192.0.2.1'), 'fault'],
  ['that there is no such name', fails('ENOTFOUND'), 'fault'],
  ['nothing', fails('ETIMEOUT'), 'warning'],
])('a dnsmasq host that answers %s', async (_what, ask, state) => {
  const [dns] = await addressFindings(store.db, ask);
  expect(dns).toMatchObject({ check: 'dns', state });
});

test('a running guest without the lease of its address is found', async () => {
  const dhcp = async () => (await addressFindings(store.db, answers(container.address)))[1];
  expect(await dhcp()).toMatchObject({ check: 'dhcp', state: 'warning' });
  const { site_id } = await store.db.selectFrom('containers').select('site_id').executeTakeFirstOrThrow();
  await store.transaction(async (tx) => {
    const lease = { site_id, mac: container.mac.toLowerCase(), address: container.address, hostname: '' };
    await tx.db
      .insertInto('leases')
      .values({ ...lease, expires_at: null, seen_at: tx.now })
      .execute();
  });
  expect(await dhcp()).toMatchObject({ check: 'dhcp', state: 'ok' });
});
