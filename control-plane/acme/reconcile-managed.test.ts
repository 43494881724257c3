import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId } from '../ids.ts';
import { type Bench, openBench } from '../operations/testing/bench.ts';
import {
  type CertificateClaim,
  CertificateLost,
  claimCertificates,
  heldChange,
  prolongClaim,
} from '../store/managed-certificates.ts';
import { reconcileManaged } from './reconcile-managed.ts';
import { requestRenewal } from './request-renewal.ts';

const HOUR = 3_600_000;

describeEachDialect('certificates that are kept valid', (create) => {
  let bench: Bench;
  let domainId: string;
  let marks = 0;
  beforeEach(async () => {
    bench = await openBench((await create()).url);
    await change({ certificate_source: 'acme', certificate_scope: 'wildcard', acme_account_id: 'acm-1' });
    domainId = (await bench.store.db.selectFrom('domains').select('id').executeTakeFirstOrThrow()).id;
  });
  afterEach(() => bench.close());

  const change = (values: object) => bench.store.db.updateTable('domains').set(values).execute();
  const follow = () => reconcileManaged(bench.store, bench.site.siteId);
  const rows = () => bench.store.db.selectFrom('managed_certificates').selectAll().orderBy('name').execute();
  const claim = (limit = 10) =>
    claimCertificates(bench.store, { marks: () => `replica/${++marks}`, leaseMs: 15_000, limit });
  const tcp = (sni_host: string, tls: 'terminate' | 'pass_through') =>
    bench.store.transaction(async (tx) => {
      const { id: container_id } = await tx.db.selectFrom('containers').select('id').executeTakeFirstOrThrow();
      const service = { id: newId('svc', tx.now), container_id, site_id: bench.site.siteId, domain_id: domainId };
      const rest = { kind: 'tcp' as const, internal_port: 1, backend_tls: 0, external_port: 2_000, created_at: tx.now };
      await tx.db
        .insertInto('services')
        .values({ ...service, ...rest, tls, sni_host })
        .execute();
    });
  const container = () =>
    bench.store.db
      .insertInto('containers')
      .values({
        ...{ id: 'ctr-1', site_id: bench.site.siteId, node_id: bench.site.nodeId, owner_id: bench.site.owner.userId },
        ...{
          hostname: 'web1',
          template: 'x',
          cores: 1,
          memory_mib: 512,
          disk_gib: 4,
          description: '',
          cluster: 'pve1',
        },
        ...{ vmid: 100, mac: 'bc:24:11:00:00:01', address: '10.64.1.0', phase: 'ready', power: 'running' },
        ...{ active_operation_id: null, created_at: 1, updated_at: 1 },
      })
      .execute();

  it('follow what a domain wants, and whether it is shown to be ours', async () => {
    await follow();
    expect(await rows()).toMatchObject([
      { name: 'apps.lab', dns_names: '["apps.lab","*.apps.lab"]', state: 'pending', source: 'acm-1' },
    ]);
    await change({ verified_at: null });
    await follow();
    expect(await rows()).toEqual([]);
    await change({ verified_at: 1, certificate_source: 'uploaded' });
    await follow();
    expect(await rows()).toEqual([]);
  });

  it('are one for each name that ends its TLS here, where the domain wants that', async () => {
    await change({ certificate_scope: 'per_name' });
    await container();
    await tcp('db.apps.lab', 'terminate');
    await tcp('raw.apps.lab', 'pass_through');
    await follow();
    expect((await rows()).map(({ name }) => name)).toEqual(['db.apps.lab']);
    await bench.store.db.deleteFrom('services').execute();
    await follow();
    expect(await rows()).toEqual([]);
  });

  it('are worked on by one at a time, whose former holder writes nothing more', async () => {
    await follow();
    const [held] = await claim();
    expect(await claim()).toEqual([]);
    expect(await prolongClaim(bench.store, held as CertificateClaim, 15_000)).toBe(true);
    await bench.clock.advance(15_001);
    const [next] = await claim();
    expect(next?.id).toBe(held?.id);
    const write = (by: CertificateClaim | undefined, leaseMs: number) =>
      heldChange(bench.store, by as CertificateClaim, leaseMs, async () => ({
        change: { progress: by?.mark ?? '' },
        result: 1,
      }));
    await expect(write(held, 15_000)).rejects.toThrow(CertificateLost);
    // Twice within a millisecond is a write that changes nothing.
    await write(next, 15_000);
    await write(next, 15_000);
    await write(next, 0);
    expect(await rows()).toMatchObject([{ progress: next?.mark, leased_by: null, leased_until: null }]);
    expect(await prolongClaim(bench.store, next as CertificateClaim, 15_000)).toBe(false);
  });

  it('that nobody wants any more stay while somebody works on them', async () => {
    await follow();
    await claim();
    await change({ certificate_source: 'self_signed' });
    await follow();
    expect(await rows()).toHaveLength(1);
    await bench.clock.advance(15_001);
    await follow();
    expect(await rows()).toEqual([]);
  });

  it('are ordered anew from elsewhere, and tried again once somebody has mended what they failed by', async () => {
    await follow();
    const far = bench.clock.now() + HOUR;
    const failed = { state: 'failed', failures: 3, last_error_at: bench.clock.now(), next_try_at: far } as const;
    await bench.store.db
      .updateTable('managed_certificates')
      .set({ ...failed, order_url: 'https://a.example/1' })
      .execute();
    await follow();
    expect(await rows()).toMatchObject([{ next_try_at: far }]);
    await bench.clock.advance(1_000);
    await change({ updated_at: bench.clock.now() });
    await follow();
    expect(await rows()).toMatchObject([{ next_try_at: bench.clock.now(), order_url: 'https://a.example/1' }]);
    await change({ acme_account_id: 'acm-2' });
    await follow();
    expect(await rows()).toMatchObject([{ source: 'acm-2', order_url: '', failures: 0 }]);
  });

  it('asked for by somebody are due at once', async () => {
    await follow();
    const [row] = await rows();
    await bench.store.db
      .updateTable('managed_certificates')
      .set({ next_try_at: bench.clock.now() + HOUR })
      .execute();
    expect(await claim()).toEqual([]);
    expect(await bench.store.transaction((tx) => requestRenewal(tx, row?.id ?? ''))).toBe(true);
    expect(await claim()).toHaveLength(1);
    expect(await bench.store.transaction((tx) => requestRenewal(tx, 'mct-none'))).toBe(false);
  });
});
