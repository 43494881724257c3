import { randomBytes } from 'node:crypto';
import { seededRandom } from '@berth/proto/contract/random.ts';
import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, expect, it } from 'vitest';
import { noteForeignVmid, pickMac, pickNode, pickPort, pickVmid } from './allocate.ts';
import { ADDRESS_REST_MS, pickAddress } from './allocate-address.ts';
import { deleteContainer, insertContainer } from './containers.ts';
import { openStore } from './open.ts';
import { sampleContainer, sampleNode, sampleSite, seedSite } from './sample-rows.ts';
import type { NewRow } from './schema.ts';
import { insertServices } from './services.ts';
import { bumpSite } from './site-changes.ts';
import type { Store } from './store.ts';

const MAC = 'bc:24:11:ff:ff:ff';

describeEachDialect('allocators', (create) => {
  let store: Store;
  const clock = new VirtualClock();
  afterEach(() => store.close());

  async function seeded(site = sampleSite()) {
    store = await openStore({ url: (await create()).url, masterKey: randomBytes(32), clock });
    await seedSite(store, site);
    return site;
  }

  const put = (...containers: NewRow<'containers'>[]) =>
    store.transaction(async (tx) => {
      for (const container of containers) await insertContainer(tx, container);
    });

  const lease = (mac: string, address: string, expires_at: number | null) =>
    store.db
      .insertInto('leases')
      .values({ site_id: 'sit-1', mac, address, hostname: '', expires_at, seen_at: 1 })
      .execute();

  it('picks the lowest VMID that neither a container nor a stranger of the cluster has', async () => {
    await seeded();
    await put(sampleContainer(1, { vmid: 100 }), sampleContainer(2, { vmid: 102 }), sampleContainer(3, { vmid: 103 }));
    await put(sampleContainer(4, { vmid: 101, cluster: 'other' }));
    const pick = (first?: number) => store.transaction((tx) => pickVmid(tx, 'pve', first));
    expect(await pick()).toBe(101);
    await store.transaction((tx) => noteForeignVmid(tx, 'pve', 101));
    await store.transaction((tx) => noteForeignVmid(tx, 'pve', 101));
    expect(await pick()).toBe(104);
    expect(await pick(500)).toBe(500);
    expect(await pick(1)).toBe(104);
  });

  it('picks the lowest free address, past containers and what others have leased', async () => {
    const site = await seeded(sampleSite({ dns_servers: '["10.64.0.11"]' }));
    const now = clock.now();
    await put(sampleContainer(1, { address: '10.64.0.10' }));
    await lease('aa:00:00:00:00:01', '10.64.0.12', now + 1_000);
    await lease('aa:00:00:00:00:02', '10.64.0.13', null);
    await lease('aa:00:00:00:00:03', '10.64.0.15', now - 1);
    await lease(MAC, '10.64.0.14', now + 1_000);
    expect(await store.transaction((tx) => pickAddress(tx, site, MAC))).toBe('10.64.0.14');
    expect(await store.transaction((tx) => pickAddress(tx, site, 'aa:00:00:00:00:09'))).toBe('10.64.0.15');
  });

  it('crosses octets in the order of numbers, not of text', async () => {
    const site = await seeded(sampleSite({ range_start: '10.64.0.254' }));
    await put(sampleContainer(1, { address: '10.64.0.254' }), sampleContainer(2, { address: '10.64.0.255' }));
    expect(await store.transaction((tx) => pickAddress(tx, site, MAC))).toBe('10.64.1.0');
  });

  it('lets a freed address rest, unless there is no other', async () => {
    const site = await seeded(sampleSite({ range_end: '10.64.0.11' }));
    await put(sampleContainer(1, { address: '10.64.0.10' }));
    await store.transaction((tx) => deleteContainer(tx, 'ctr-000001'));
    await store.transaction((tx) => deleteContainer(tx, 'ctr-000001'));
    const pick = () => store.transaction((tx) => pickAddress(tx, site, MAC));
    expect(await pick()).toBe('10.64.0.11');
    await put(sampleContainer(2, { address: '10.64.0.11' }));
    expect(await pick()).toBe('10.64.0.10');
    await store.transaction((tx) => deleteContainer(tx, 'ctr-000002'));
    await clock.advance(ADDRESS_REST_MS + 1);
    expect(await pick()).toBe('10.64.0.10');
  });

  it('says when a range is full', async () => {
    const site = await seeded(sampleSite({ range_end: '10.64.0.10', port_range_end: 2_000 }));
    await put(sampleContainer(1, { address: '10.64.0.10' }));
    const address = store.transaction((tx) => pickAddress(tx, site, MAC));
    await expect(address).rejects.toMatchObject({ code: 'resource_exhausted', reason: 'addresses_exhausted' });
    const port = store.transaction((tx) => pickPort(tx, site, 'tcp', new Set([2_000])));
    await expect(port).rejects.toMatchObject({ code: 'resource_exhausted', reason: 'ports_exhausted' });
  });

  it('picks external ports per protocol, and not one twice within a request', async () => {
    const site = await seeded();
    await put(sampleContainer(1));
    const service = { id: 'svc-1', container_id: 'ctr-000001', site_id: 'sit-1', internal_port: 22, backend_tls: 0 };
    const rest = { names: [], created_at: 1 };
    await store.transaction((tx) => insertServices(tx, [{ ...service, ...rest, kind: 'tcp', external_port: 2_000 }]));
    const pick = (kind: 'tcp' | 'udp', besides?: Set<number>) =>
      store.transaction((tx) => pickPort(tx, site, kind, besides));
    expect(await pick('tcp')).toBe(2_001);
    expect(await pick('udp')).toBe(2_000);
    expect(await pick('tcp', new Set([2_001]))).toBe(2_002);
  });

  it('picks the schedulable node with the fewest containers', async () => {
    const site = await seeded();
    const token_secret_box = randomBytes(4);
    const more = [sampleNode('nod-2'), sampleNode('nod-3'), sampleNode('nod-4', { schedulable: 0 })];
    await store.db
      .insertInto('nodes')
      .values(more.map((node) => ({ ...node, token_secret_box })))
      .execute();
    await put(sampleContainer(1), sampleContainer(2, { node_id: 'nod-3' }), sampleContainer(3, { node_id: 'nod-3' }));
    const pick = () => store.transaction(async (tx) => (await pickNode(tx, site)).id);
    expect(await pick()).toBe('nod-2');
    await put(sampleContainer(4, { node_id: 'nod-2' }));
    expect(await pick()).toBe('nod-1');
    await store.db.updateTable('nodes').set({ schedulable: 0 }).execute();
    await expect(pick()).rejects.toMatchObject({ reason: 'no_schedulable_node' });
  });

  it('picks a MAC of its own', async () => {
    await seeded();
    const first = await store.transaction((tx) => pickMac(tx, seededRandom(1)));
    expect(first).toMatch(/^bc:24:11(:[0-9a-f]{2}){3}$/);
    await put(sampleContainer(1, { mac: first }));
    expect(await store.transaction((tx) => pickMac(tx, seededRandom(1)))).not.toBe(first);
    await expect(store.transaction((tx) => pickMac(tx, () => 0.5))).resolves.toBe('bc:24:11:80:80:80');
  });

  it('gives fifty that come at once numbers of their own, at the first try', async () => {
    const site = await seeded();
    let tries = 0;
    const place = (n: number) =>
      store.transaction(async (tx) => {
        tries += 1;
        await bumpSite(tx, site.id, null);
        const mac = await pickMac(tx, Math.random);
        const address = await pickAddress(tx, site, mac);
        await insertContainer(tx, sampleContainer(n, { vmid: await pickVmid(tx, 'pve'), address, mac }));
      });
    await Promise.all(Array.from({ length: 50 }, (_, n) => place(n)));
    const rows = await store.db.selectFrom('containers').select('vmid').orderBy('vmid').execute();
    expect(rows.map(({ vmid }) => vmid)).toEqual(Array.from({ length: 50 }, (_, n) => 100 + n));
    expect(tries).toBe(50);
  });
});
