import { VirtualClock } from '@berth/proto/contract/virtual-clock.ts';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { planSite } from '../dns/public-records/plan-records.ts';
import {
  changeDnsRecord,
  claimDnsRecord,
  type RecordOutcome,
  recordsOfDomain,
  recordsOfSite,
  releaseDnsRecords,
  settleDnsRecord,
  sitesOfDomains,
  sitesWithRecords,
} from './dns-records.ts';
import { insertDomain } from './domains.ts';
import { installationId } from './installation-id.ts';
import { deleteRecord, insertRecord, recordsOf } from './internal-records.ts';
import { openStore } from './open.ts';
import { sampleContainer, sampleSite, seedSite } from './sample-rows.ts';
import type { Row } from './schema.ts';
import { insertServices } from './services.ts';
import { bumpSite } from './site-changes.ts';
import type { Store } from './store.ts';

const LEASE_MS = 120_000;

describeEachDialect('public records as rows', (open) => {
  let store: Store;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = new VirtualClock();
    store = await openStore({ url: (await open()).url, masterKey: new Uint8Array(32).fill(7), clock });
    await seedSite(store, sampleSite({ external_address: '192.0.2.1' }));
    await seedService();
  });
  afterEach(() => store.close());

  /** A service with two names and two paths under a domain whose records are kept. */
  async function seedService(): Promise<void> {
    await store.transaction(async (tx) => {
      const times = { created_at: 1, updated_at: 1 };
      const provider = { id: 'dnp-1', name: 'p', kind: 'rfc2136' as const, settings: '{}', check_servers: '[]' };
      await tx.db
        .insertInto('dns_providers')
        .values({ ...provider, last_error: '', ...times })
        .execute();
      const domain = { id: 'dom-1', site_id: 'sit-1', name: 'apps.test', dns_provider_id: 'dnp-1', publish_dns: 1 };
      await insertDomain(tx, { ...domain, verified_at: 1, created_at: 1 });
      await tx.db.insertInto('containers').values(sampleContainer(1)).execute();
      const place = { domain_id: 'dom-1', path: '/' };
      const names = [
        { ...place, host: 'web.apps.test' },
        { ...place, host: 'web.apps.test', path: '/api' },
        { ...place, host: 'www.apps.test' },
      ];
      const service = { id: 'svc-1', container_id: 'ctr-000001', site_id: 'sit-1', kind: 'http' as const };
      await insertServices(tx, [{ ...service, internal_port: 80, backend_tls: 0, created_at: 1, names }]);
      await bumpSite(tx, 'sit-1', 'ctr-000001');
    });
  }

  const rows = async () =>
    (await recordsOfSite(store.db, 'sit-1')).map(({ name, type, value, wanted, state }) => [
      name,
      type,
      value,
      wanted,
      state,
    ]);
  const settle = (claim: Row<'dns_records'> | undefined, outcome: RecordOutcome) => {
    if (!claim) throw new Error('nothing was claimed');
    return store.transaction((tx) => settleDnsRecord(tx, claim, outcome));
  };
  const later = () => clock.now() + 3_600_000;

  it('follow the names of services, each once, however many replicas plan at once', async () => {
    expect(await sitesWithRecords(store.db)).toEqual(['sit-1']);
    expect(await sitesOfDomains(store.db, ['dom-1', 'dom-gone'])).toEqual(['sit-1']);
    await Promise.all([planSite(store, 'sit-1'), planSite(store, 'sit-1'), planSite(store, 'sit-1')]);
    expect((await rows()).sort()).toEqual([
      ['web.apps.test', 'A', '192.0.2.1', 1, 'pending'],
      ['www.apps.test', 'A', '192.0.2.1', 1, 'pending'],
    ]);
    await store.db.updateTable('domains').set({ verified_at: null }).execute();
    await planSite(store, 'sit-1');
    expect((await rows()).map((row) => row[3])).toEqual([0, 0]);
    const [first] = await recordsOfDomain(store.db, 'apps.test', undefined, 1);
    expect(first?.name).toBe('web.apps.test');
    const rest = await recordsOfDomain(store.db, 'apps.test', first, 10);
    expect(rest.map(({ name }) => name)).toEqual(['www.apps.test']);
  });

  it('are there for names by which TCP services are asked for, too', async () => {
    const service = { id: 'svc-2', container_id: 'ctr-000001', site_id: 'sit-1', kind: 'tcp' as const };
    const sni = { tls: 'pass_through' as const, sni_host: 'db.apps.test', domain_id: 'dom-1', external_port: 2_000 };
    await store.transaction((tx) =>
      insertServices(tx, [{ ...service, ...sni, internal_port: 5_432, backend_tls: 0, created_at: 1, names: [] }]),
    );
    await planSite(store, 'sit-1');
    expect((await rows()).map(([name]) => name).sort()).toEqual(['db.apps.test', 'web.apps.test', 'www.apps.test']);
  });

  it('are worked on by one at a time, and by another when a lease is over', async () => {
    await planSite(store, 'sit-1');
    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => claimDnsRecord(store, owner, LEASE_MS)));
    const names = claims.map((claim) => claim?.name).filter((name) => name !== undefined);
    expect(new Set(names).size).toBe(names.length);
    while (await claimDnsRecord(store, 'd', LEASE_MS));
    await clock.advance(LEASE_MS);
    const again = await claimDnsRecord(store, 'e', LEASE_MS);
    const former = claims.find((claim) => claim?.id === again?.id);
    if (former) await settle(former, { state: 'gone' });
    expect(await rows()).toHaveLength(2);
    await settle(again, { state: 'present', record: '{}', nextTryAt: later() });
    expect((await rows()).filter((row) => row[4] === 'present')).toHaveLength(1);
    await releaseDnsRecords(store);
    expect(await claimDnsRecord(store, 'f', LEASE_MS)).toBeDefined();
  });

  it('that are wished otherwise meanwhile are only given back', async () => {
    await planSite(store, 'sit-1');
    const claim = await claimDnsRecord(store, 'a', LEASE_MS);
    await store.transaction((tx) => changeDnsRecord(tx, claim?.id ?? '', { value: '192.0.2.2' }));
    await settle(claim, { state: 'present', record: '{}', nextTryAt: later() });
    const row = (await recordsOfSite(store.db, 'sit-1')).find(({ id }) => id === claim?.id);
    expect(row).toMatchObject({ state: 'pending', value: '192.0.2.2', leased_by: null });
  });

  it('count failures in a row, and forget them with the first success', async () => {
    await store.db.deleteFrom('service_names').where('host', '=', 'www.apps.test').execute();
    await planSite(store, 'sit-1');
    for (const failures of [1, 2]) {
      await settle(await claimDnsRecord(store, 'a', LEASE_MS), {
        state: 'failed',
        problem: 'no',
        nextTryAt: clock.now(),
      });
      expect((await recordsOfSite(store.db, 'sit-1'))[0]).toMatchObject({ state: 'failed', problem: 'no', failures });
    }
    await settle(await claimDnsRecord(store, 'a', LEASE_MS), { state: 'present', record: '{}', nextTryAt: later() });
    expect((await recordsOfSite(store.db, 'sit-1'))[0]).toMatchObject({ state: 'present', problem: '', failures: 0 });
    expect(await claimDnsRecord(store, 'a', LEASE_MS)).toBeUndefined();
  });

  it('bear the same installation for everybody who asks first', async () => {
    const ids = await Promise.all([installationId(store), installationId(store), installationId(store)]);
    expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{16}$/)]));
    expect(await installationId(store)).toBe(ids[0]);
  });

  it('that dnsmasq serves are there once, until they are taken back', async () => {
    const text = { siteId: 'sit-1', fqdn: '_acme-challenge.lab', value: 'a' };
    await Promise.all([1, 2].map(() => store.transaction((tx) => insertRecord(tx, text))));
    await store.transaction((tx) => insertRecord(tx, { ...text, value: 'b' }));
    await store.transaction((tx) => deleteRecord(tx, text));
    await store.transaction((tx) => deleteRecord(tx, text));
    expect((await recordsOf(store.db, 'sit-1')).map((row) => row.text)).toEqual(['b']);
  });
});
