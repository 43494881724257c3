/** Bad values for the requests about domains, certificates and ACME accounts; see api-bad-input.table.ts. */
import type { ApiBench } from '@berth/control-plane/api/testing/api-bench.ts';
import type { Rpc } from '@berth/control-plane/auth/policy.ts';
import { addSelfSigned } from '@berth/control-plane/certificates/add-self-signed.ts';
import { selfSigned } from '@berth/control-plane/certificates/self-signed.ts';
import { AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { issueCertificate } from '../support/issued-certificate.ts';
import { type BadInputs, DOMAIN, HOSTILE, KEY, listed, MASK, NAME, named, REFERENCE } from './api-bad-input.values.ts';

/** RPCs about domains, certificates and accounts. */
export type DomainRpc = Extract<Rpc, `DomainsService.${string}` | `AcmeAccountsService.${string}`>;

const HTTPS = ['http://x.example', 'https://a/?x=1', 'https://a/#x', 'https://u:p@a', '//a', 'ftp://a', ...HOSTILE];

const domain: JsonObject = {
  site: 'lab',
  name: 'more.lab',
  access: 1,
  certificate_source: 2,
  certificate_scope: 2,
  acme_account: 'harbour',
  dns_provider: 'challenges',
  hsts_max_age_seconds: 31_536_000,
  oauth2_proxy_url: 'https://login.example.org',
};

const badDomain: Record<string, JsonValue[]> = {
  'domain.access': [99],
  'domain.certificate_source': [99],
  'domain.certificate_scope': [99],
  'domain.acme_account': REFERENCE,
  'domain.challenge': [99],
  'domain.dns_provider': REFERENCE.slice(1),
  // The provider holds challenges only.
  'domain.publish_dns': [true],
  'domain.hsts_max_age_seconds': [63_072_001, 4_294_967_295],
  // The names below are not included.
  'domain.hsts_preload': [true],
  'domain.oauth2_proxy_url': HTTPS,
};

const free = [
  ...['owner', 'grants[].user', 'grants[].group', 'verified', 'created_at', 'conditions', 'hsts_include_subdomains'],
  ...['txt_name', 'txt_value', 'http_url', 'checked_at', 'last_error'].map((field) => `proof.${field}`),
  ...['valid', 'pending', 'failed', 'first_not_after'].map((field) => `certificates.${field}`),
].map((field) => `domain.${field}`);

const account: JsonObject = {
  name: 'other',
  directory_url: 'letsencrypt-staging',
  email: 'ops@example.org',
  terms_agreed: true,
  eab_key_id: 'kid-1',
  eab_hmac_key: 'A'.repeat(43),
};

const badAccount: Record<string, JsonValue[]> = {
  'account.name': ['harbour', 'Other', 'a.b', '-a', ...NAME],
  'account.email': ['ops', 'a@b', 'Ops <ops@example.org>', ...HOSTILE],
  'account.eab_key_id': ['', 'a b', 'x'.repeat(256), 'a\nb', 'а'],
  'account.eab_hmac_key': ['short', 'a b', `${'A'.repeat(43)}=`, 'x'.repeat(1_025), ...HOSTILE],
  'account.ca_pem': ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ...HOSTILE],
};

const accountOutput = ['account_url', 'last_error', 'domains[]', 'created_at', 'terms_agreed'].map(
  (field) => `account.${field}`,
);

const PEM = ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'x'.repeat(70_000), ...HOSTILE];

/** The rows of these RPCs. */
export const domainBadInputs: Record<DomainRpc, BadInputs> = {
  'DomainsService.CreateDomain': {
    good: { domain },
    bad: {
      ...badDomain,
      'domain.site': REFERENCE,
      'domain.name': ['apps.lab', 'web1.apps.lab', ...DOMAIN],
      idempotency_key: KEY,
    },
    free: ['custom', 'domain.id', ...free],
  },
  'DomainsService.GetDomain': named('domain', 'apps.lab'),
  'DomainsService.ListDomains': listed('site'),
  'DomainsService.UpdateDomain': {
    good: {
      domain: { ...domain, id: '<domain>' },
      update_mask:
        'access,certificateSource,certificateScope,acmeAccount,challenge,dnsProvider,publishDns,hstsMaxAgeSeconds,hstsIncludeSubdomains,hstsPreload,oauth2ProxyUrl',
    },
    bad: { ...badDomain, 'domain.id': REFERENCE.slice(1), update_mask: [...MASK, 'name', 'verified', 'owner'] },
    free: ['domain.site', 'domain.name', ...free],
  },
  'DomainsService.DeleteDomain': named('domain', 'apps.lab'),
  'DomainsService.VerifyDomain': named('domain', 'apps.lab'),
  'DomainsService.GrantDomain': {
    good: { domain: 'apps.lab', grant: { user: 'olga' } },
    bad: { domain: REFERENCE, 'grant.user': REFERENCE, 'grant.group': REFERENCE },
  },
  'DomainsService.WithdrawDomain': {
    good: { domain: 'apps.lab', grant: { group: 'mapped' } },
    bad: { domain: REFERENCE, 'grant.user': ['sam', ...REFERENCE], 'grant.group': REFERENCE },
  },
  'DomainsService.ListCertificates': {
    good: { domain: 'apps.lab' },
    bad: { ...listed().bad, domain: REFERENCE },
  },
  'DomainsService.RenewCertificate': named('certificate', '<certificate>'),
  'DomainsService.RevokeCertificate': {
    good: { certificate: '<certificate>' },
    bad: { certificate: REFERENCE, reason: [2, 99] },
  },
  'DomainsService.UploadCertificate': {
    good: { domain: 'apps.lab', chain_pem: '<chain>', key_pem: '<key>' },
    bad: { domain: REFERENCE, chain_pem: PEM, key_pem: ['-----BEGIN ENCRYPTED PRIVATE KEY-----\n', ...PEM] },
  },
  'DomainsService.WatchDomain': named('domain', 'apps.lab'),
  'AcmeAccountsService.CreateAcmeAccount': {
    good: { account },
    bad: {
      ...badAccount,
      'account.directory_url': ['', 'letsdecrypt', 'http://ca.example/dir', 'x'.repeat(501), ...HTTPS.slice(3)],
      idempotency_key: KEY,
    },
    free: ['account.id', ...accountOutput],
  },
  'AcmeAccountsService.GetAcmeAccount': named('account', 'harbour'),
  'AcmeAccountsService.ListAcmeAccounts': listed(),
  'AcmeAccountsService.UpdateAcmeAccount': {
    good: {
      account: { ...account, id: '<account>' },
      update_mask: 'name,email,termsAgreed,eabKeyId,eabHmacKey,caPem',
    },
    bad: {
      ...badAccount,
      'account.name': badAccount['account.name']?.slice(1) ?? [],
      'account.id': REFERENCE,
      update_mask: [...MASK, 'directoryUrl', 'accountUrl'],
    },
    free: ['account.directory_url', ...accountOutput],
  },
  'AcmeAccountsService.DeleteAcmeAccount': named('account', 'harbour'),
};

/** Puts in an account, a DNS provider for challenges, and a certificate to upload. @returns identifiers */
export async function seedDomains(bench: ApiBench): Promise<Record<string, string>> {
  const { store, clock, site } = bench;
  const accounts = await bench.client(AcmeAccountsService, site.administrator);
  const made = await accounts.createAcmeAccount({ account: { name: 'harbour', directoryUrl: 'letsencrypt' } });
  const times = { created_at: 1, updated_at: 1 };
  const provider = { id: 'dnp-1', name: 'challenges', kind: 'acme_dns' as const, settings: '{}', check_servers: '[]' };
  await store.db
    .insertInto('dns_providers')
    .values({ ...provider, ...times, secret_box: null, last_error: '' })
    .execute();
  const domains = await bench.client(DomainsService, site.administrator);
  const { domain: apps } = await domains.getDomain({ domain: 'apps.lab' });
  const own = await ownCertificate(bench, apps?.id ?? '');
  const issued = await issueCertificate({ dnsNames: ['apps.lab', '*.apps.lab'], now: clock.now() });
  return {
    account: made.account?.id ?? '',
    domain: apps?.id ?? '',
    certificate: own,
    chain: inJson(issued.chainPem),
    key: inJson(issued.keyPem),
  };
}

/** The bench's site is put in by hand, so its domain has no certificate yet. */
async function ownCertificate({ store }: ApiBench, domainId: string): Promise<string> {
  const certificate = await selfSigned('apps.lab', store.clock.now());
  return store.transaction((tx) => addSelfSigned(tx, domainId, certificate));
}

/** As it stands within a string of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
