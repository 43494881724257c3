import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertCertificate } from './certificates.ts';
import { insertDomain } from './domains.ts';
import { certificatesOf } from './name-certificates.ts';
import { openStore } from './open.ts';
import { seedSite } from './sample-rows.ts';
import type { ServiceRow } from './services.ts';
import type { Store } from './store.ts';

const DAY = 86_400_000;

describeEachDialect('certificates of names', (create) => {
  let store: Store;

  beforeAll(async () => {
    store = await openStore({ url: (await create()).url, masterKey: Buffer.alloc(32, 1) });
    await seedSite(store);
    await store.transaction(async (tx) => {
      await insertDomain(tx, { id: 'dom-1', site_id: 'sit-1', name: 'apps.lab', verified_at: 1, created_at: 1 });
      const common = {
        domain_id: 'dom-1',
        dns_names: '[]',
        chain_pem: 'chain',
        key_pem: 'key',
        not_before: 1,
        created_at: 1,
      };
      const put = (id: string, self_signed: number, more: object) =>
        insertCertificate(tx, store.secrets, { ...common, id, self_signed, not_after: DAY, ...more });
      await put('crt-1', 1, {});
      await put('crt-2', 0, { name: 'one.apps.lab', issuer: 'Harbour CA', not_after: 2 * DAY });
      await put('crt-3', 0, { name: 'two.apps.lab', issuer: 'Harbour CA', revoked_at: 5 });
      const managed = { site_id: 'sit-1', domain_id: 'dom-1', dns_names: '[]', state: 'failed' as const };
      const state = {
        next_try_at: 1,
        next_try_reason: '',
        progress: '',
        explanation_url: '',
        order_url: '',
        ari_id: '',
      };
      const times = { source: 'internal', ari_next_look_at: 0, created_at: 1, updated_at: 1 };
      const row = { ...managed, ...state, ...times, id: 'mgd-1', name: 'apps.lab', failures: 2 };
      await tx.db
        .insertInto('managed_certificates')
        .values({ ...row, last_error: 'rateLimited' })
        .execute();
    });
  });
  afterAll(() => store.close());

  const service = (change: Partial<ServiceRow>): ServiceRow => ({
    ...{ id: 'svc-1', container_id: 'ctr-1', site_id: 'sit-1', kind: 'http', internal_port: 80, backend_tls: 0 },
    ...{ external_port: null, created_at: 1, tls: '', sni_host: '', domain_id: null, options: null, names: [] },
    ...change,
  });
  const named = (...hosts: string[]) =>
    service({ names: hosts.map((host) => ({ host, path: '/', domain_id: 'dom-1' })) });

  it('are their own, else those of their domain, with what the authority said last', async () => {
    const found = await certificatesOf(store.db, [named('one.apps.lab', 'two.apps.lab')]);
    expect([...found.values()]).toEqual([
      { host: 'one.apps.lab', selfSigned: false, issuer: 'Harbour CA', notAfter: 2 * DAY, problem: 'rateLimited' },
      { host: 'two.apps.lab', selfSigned: true, issuer: '', notAfter: DAY, problem: 'rateLimited' },
    ]);
  });

  it('are told of a TCP service whose TLS ends here, and not of one whose TLS passes through', async () => {
    const tcp = { kind: 'tcp' as const, sni_host: 'db.apps.lab', domain_id: 'dom-1' };
    expect([...(await certificatesOf(store.db, [service({ ...tcp, tls: 'terminate' })])).keys()]).toEqual([
      'db.apps.lab',
    ]);
    expect(await certificatesOf(store.db, [service({ ...tcp, tls: 'pass_through' })])).toEqual(new Map());
  });
});
