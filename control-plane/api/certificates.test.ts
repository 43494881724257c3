/** Certificates that somebody else has issued, how domains go from one source to another, and ACME accounts. */
import { AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import {
  CertificateScope,
  CertificateSource,
  CertificateState,
  DomainsService,
} from '@berth/proto/api/v1/domains_pb.js';
import { describeEachDialect } from '@berth/test/support/database-each.ts';
import { type Issued, issueCertificate } from '@berth/test/support/issued-certificate.ts';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAccountKey, openEabKey } from '../acme/account-secrets.ts';
import { reconcileManaged } from '../acme/reconcile-managed.ts';
import type { Caller } from '../app/caller.ts';
import { certificateKey, newestCertificates } from '../store/certificates.ts';
import { type ApiBench, openApiBench } from './testing/api-bench.ts';
import { sharedContainer } from './testing/shared-container.ts';

const DAY = 24 * 3_600_000;
const NAMES = ['apps.lab', '*.apps.lab'];

describeEachDialect('certificates', (create) => {
  let bench: ApiBench;
  let administrator: Caller;
  let issued: Issued;

  beforeEach(async () => {
    bench = await openApiBench((await create()).url);
    ({ administrator } = bench.site);
    issued = await issueCertificate({ dnsNames: NAMES, now: bench.clock.now() });
  });
  afterEach(() => bench.close());

  const domains = () => bench.client(DomainsService, administrator);
  const accounts = () => bench.client(AcmeAccountsService, administrator);
  const upload = async ({ chainPem, keyPem }: Pick<Issued, 'chainPem' | 'keyPem'>) => {
    await bench.clock.advance(1_000);
    return (await domains()).uploadCertificate({ domain: 'apps.lab', chainPem, keyPem });
  };
  const listed = async () => (await (await domains()).listCertificates({ domain: 'apps.lab' })).certificates;
  const served = async () => (await newestCertificates(bench.store.db, bench.site.siteId, 'domains'))[0];
  const source = async (certificateSource: CertificateSource, more: object = {}) => {
    const paths = ['certificate_source', ...('acmeAccount' in more ? ['acme_account', 'certificate_scope'] : [])];
    const domain = { name: 'apps.lab', certificateSource, ...more };
    await bench.clock.advance(1_000);
    return (await (await domains()).updateDomain({ domain, updateMask: { paths } })).domain;
  };
  const revision = async () =>
    (await bench.store.db.selectFrom('sites').select('revision').executeTakeFirstOrThrow()).revision;

  it('that are uploaded are served from then on, key sealed, and say who issued them', async () => {
    const before = await revision();
    const { certificate } = await upload(issued);
    expect(certificate).toMatchObject({
      name: 'apps.lab',
      dnsNames: NAMES,
      issuer: 'Harbour CA 1',
      serial: '0badcafe',
      state: CertificateState.VALID,
    });
    const row = await served();
    expect(row?.id).toBe(certificate?.id);
    expect(row && certificateKey(bench.store.secrets, row)).toBe(issued.keyPem);
    expect(Buffer.from(row?.key_box ?? []).includes('PRIVATE KEY')).toBe(false);
    expect(await revision()).toBeGreaterThan(before);
    const { domain } = await (await domains()).getDomain({ domain: 'apps.lab' });
    expect(domain).toMatchObject({ certificateSource: CertificateSource.UPLOADED, conditions: [] });
    expect(domain?.certificates).toMatchObject({ valid: 1, failed: 0 });
    const audit = await bench.store.db
      .selectFrom('audit')
      .selectAll()
      .where('action', '=', 'certificate.upload')
      .execute();
    expect(JSON.stringify(audit)).not.toContain('PRIVATE KEY');
    expect(JSON.parse(audit[0]?.change_json ?? '')).toMatchObject({ issuer: 'Harbour CA 1', serial: '0badcafe' });
  });

  it('that are uploaded must cover every name that is served', async () => {
    await sharedContainer(bench);
    const one = await issueCertificate({ dnsNames: ['other.apps.lab'], now: bench.clock.now() });
    await expect(upload(one)).rejects.toThrow('does not cover web1.apps.lab');
    const both = await issueCertificate({ dnsNames: ['other.apps.lab', 'web1.apps.lab'], now: bench.clock.now() });
    await upload(both);
  });

  it('that are uploaded are warned of before they end, and are nobody’s to renew or revoke but their issuer’s', async () => {
    const { certificate } = await upload(await issueCertificate({ dnsNames: NAMES, now: bench.clock.now(), days: 5 }));
    await bench.clock.advance(1);
    const seen = async () => (await (await domains()).getDomain({ domain: 'apps.lab' })).domain;
    expect((await seen())?.conditions).toMatchObject([{ kind: 'certificate_expiring' }]);
    expect((await seen())?.conditions[0]?.message).toContain('ends in 4 days');
    await bench.clock.advance(5 * DAY);
    expect((await seen())?.conditions).toMatchObject([{ kind: 'certificate_expired' }]);
    expect(await listed()).toMatchObject([{ state: CertificateState.EXPIRED }]);
    const id = certificate?.id ?? '';
    await expect((await domains()).renewCertificate({ certificate: id })).rejects.toThrow('upload another');
    await expect((await domains()).revokeCertificate({ certificate: id })).rejects.toThrow('whoever issued it');
  });

  it('are there whatever a domain’s source becomes: one signed by itself takes the place of an uploaded one', async () => {
    await upload(issued);
    await source(CertificateSource.SELF_SIGNED);
    expect(await served()).toMatchObject({ self_signed: 1 });
    const [own] = await listed();
    expect(own).toMatchObject({ issuer: '', state: CertificateState.VALID });
    const renewed = await (await domains()).renewCertificate({ certificate: own?.id ?? '' });
    expect(renewed.certificate?.id).not.toBe(own?.id);
    expect((await served())?.id).toBe(renewed.certificate?.id);
    await upload(issued);
    await source(CertificateSource.INTERNAL);
    expect(await served()).toMatchObject({ self_signed: 0, issuer: 'Harbour CA 1' });
  });

  it('that are ordered are listed with their orders, and can be ordered again now', async () => {
    await sharedContainer(bench);
    await (await accounts()).createAcmeAccount({ account: { name: 'harbour', directoryUrl: 'letsencrypt-staging' } });
    const perName = { acmeAccount: 'harbour', certificateScope: CertificateScope.PER_NAME };
    await source(CertificateSource.ACME, perName);
    await reconcileManaged(bench.store, bench.site.siteId);
    await bench.store.db
      .updateTable('managed_certificates')
      .set({ state: 'failed', failures: 3, last_error: 'too many certificates (5) already issued', last_error_at: 1 })
      .set({ next_try_at: bench.clock.now() + DAY, next_try_reason: 'back-off after 3 failures' })
      .execute();
    const [first] = await listed();
    expect(first).toMatchObject({
      name: 'web1.apps.lab',
      state: CertificateState.FAILED,
      failures: 3,
      lastError: 'too many certificates (5) already issued',
      nextTryReason: 'back-off after 3 failures',
    });
    const { domain } = await (await domains()).getDomain({ domain: 'apps.lab' });
    expect(domain?.conditions[0]?.message).toContain('too many certificates (5) already issued');
    const { certificate } = await (await domains()).renewCertificate({ certificate: first?.id ?? '' });
    expect(Number(certificate?.nextTryAt?.seconds)).toBe(Math.floor(bench.clock.now() / 1_000));
    const revoke = (await domains()).revokeCertificate({ certificate: first?.id ?? '' });
    await expect(revoke).rejects.toThrow('no certificate of an authority to revoke');
  });

  it('are ordered with accounts whose secrets are sealed, and which stay while a domain uses them', async () => {
    const eab = { eabKeyId: 'kid-1', eabHmacKey: 'A'.repeat(43) };
    const { account } = await (await accounts()).createAcmeAccount({
      account: { name: 'harbour', directoryUrl: 'letsencrypt', email: 'ops@example.org', ...eab },
    });
    expect(account).toMatchObject({ eabKeyId: 'kid-1', eabHmacKey: '', accountUrl: '' });
    expect(account?.directoryUrl).toBe('https://acme-v02.api.letsencrypt.org/directory');
    const row = await bench.store.db.selectFrom('acme_accounts').selectAll().executeTakeFirstOrThrow();
    expect(openAccountKey(bench.store.secrets, row)).toContain('BEGIN PRIVATE KEY');
    expect(openEabKey(bench.store.secrets, row.id, row.eab_hmac_box ?? new Uint8Array())).toBe(eab.eabHmacKey);
    await source(CertificateSource.ACME, { acmeAccount: 'harbour', certificateScope: CertificateScope.PER_NAME });
    const remove = async () => (await accounts()).deleteAcmeAccount({ account: 'harbour' });
    await expect(remove()).rejects.toThrow('orders certificates for apps.lab');
    const asOthers = await bench.client(AcmeAccountsService, bench.site.stranger);
    const seen = await asOthers.getAcmeAccount({ account: 'harbour' });
    expect(seen.account).toMatchObject({ name: 'harbour', email: '', eabKeyId: '', domains: [] });
    const other = { id: account?.id ?? '', eabKeyId: 'kid-2' };
    const half = (await accounts()).updateAcmeAccount({ account: other, updateMask: { paths: ['eab_key_id'] } });
    await expect(half).rejects.toMatchObject({ code: Code.InvalidArgument });
    await bench.store.db.updateTable('acme_accounts').set({ account_url: 'https://ca.example/1' }).execute();
    const unbound = { ...other, eabKeyId: '' };
    await (await accounts()).updateAcmeAccount({ account: unbound, updateMask: { paths: ['eab_key_id'] } });
    const after = await bench.store.db.selectFrom('acme_accounts').selectAll().executeTakeFirstOrThrow();
    expect(after).toMatchObject({ eab_hmac_box: null, account_url: '' });
    await bench.store.db.updateTable('domains').set({ acme_account_id: null }).execute();
    await remove();
  });
});
