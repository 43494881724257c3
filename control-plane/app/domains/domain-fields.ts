import {
  AcmeChallengeType,
  CertificateScope,
  CertificateSource,
  type Domain,
  DomainAccess,
} from '@berth/proto/api/v1/domains_pb.js';
import type { DomainChange } from '../../store/domains.ts';
import type { Row } from '../../store/schema.ts';

/** What people decide about a domain, in the names of the API. */
export interface DomainFields {
  access: Row<'domains'>['access'];
  certificate_source: Row<'domains'>['certificate_source'];
  certificate_scope: Row<'domains'>['certificate_scope'];
  /** Reference, or the identifier once it was looked up; empty for none. */
  acme_account: string;
  challenge: Row<'domains'>['challenge'];
  /** As `acme_account`. */
  dns_provider: string;
  publish_dns: boolean;
  hsts_max_age_seconds: number;
  hsts_include_subdomains: boolean;
  hsts_preload: boolean;
  oauth2_proxy_url: string;
}

/** Every field that an update may name. */
export const DOMAIN_PATHS = [
  'access',
  'certificate_source',
  'certificate_scope',
  'acme_account',
  'challenge',
  'dns_provider',
  'publish_dns',
  'hsts_max_age_seconds',
  'hsts_include_subdomains',
  'hsts_preload',
  'oauth2_proxy_url',
] as const satisfies (keyof DomainFields)[];

/** What only administrators of the site set: it reaches beyond the domain itself. */
export const ADMINISTRATORS_PATHS: readonly (keyof DomainFields)[] = [
  'dns_provider',
  'publish_dns',
  'oauth2_proxy_url',
];

const ACCESS: Readonly<Record<number, DomainFields['access']>> = {
  [DomainAccess.UNSPECIFIED]: 'shared',
  [DomainAccess.SHARED]: 'shared',
  [DomainAccess.GRANTED]: 'granted',
};
const SOURCES: Readonly<Record<number, DomainFields['certificate_source']>> = {
  [CertificateSource.UNSPECIFIED]: 'self_signed',
  [CertificateSource.SELF_SIGNED]: 'self_signed',
  [CertificateSource.ACME]: 'acme',
  [CertificateSource.UPLOADED]: 'uploaded',
  [CertificateSource.INTERNAL]: 'internal',
};
const SCOPES: Readonly<Record<number, DomainFields['certificate_scope']>> = {
  [CertificateScope.UNSPECIFIED]: 'wildcard',
  [CertificateScope.WILDCARD]: 'wildcard',
  [CertificateScope.PER_NAME]: 'per_name',
};
const CHALLENGES: Readonly<Record<number, DomainFields['challenge']>> = {
  [AcmeChallengeType.UNSPECIFIED]: '',
  [AcmeChallengeType.HTTP_01]: 'http-01',
  [AcmeChallengeType.DNS_01]: 'dns-01',
};

/** Fields of a message that are of a kind; undefined where a newer client named one that there is not. */
export function enumsOf(domain: Domain) {
  return {
    access: ACCESS[domain.access],
    certificate_source: SOURCES[domain.certificateSource],
    certificate_scope: SCOPES[domain.certificateScope],
    challenge: CHALLENGES[domain.challenge],
  };
}

/** The fields of a message whose kinds are known. A custom domain is never everybody's. */
export function fieldsOfMessage(domain: Domain, custom: boolean): DomainFields {
  const { access = 'shared', certificate_source, certificate_scope, challenge } = enumsOf(domain);
  return {
    access: custom && domain.access === DomainAccess.UNSPECIFIED ? 'granted' : access,
    certificate_source: certificate_source ?? 'self_signed',
    certificate_scope: certificate_scope ?? 'wildcard',
    acme_account: domain.acmeAccount,
    challenge: challenge ?? '',
    dns_provider: domain.dnsProvider,
    publish_dns: domain.publishDns,
    hsts_max_age_seconds: domain.hstsMaxAgeSeconds,
    hsts_include_subdomains: domain.hstsIncludeSubdomains,
    hsts_preload: domain.hstsPreload,
    oauth2_proxy_url: domain.oauth2ProxyUrl,
  };
}

/** The fields of a row; account and provider by identifier. */
export function fieldsOfRow(row: Row<'domains'>): DomainFields {
  return {
    access: row.access,
    certificate_source: row.certificate_source,
    certificate_scope: row.certificate_scope,
    acme_account: row.acme_account_id ?? '',
    challenge: row.challenge,
    dns_provider: row.dns_provider_id ?? '',
    publish_dns: row.publish_dns === 1,
    hsts_max_age_seconds: row.hsts_max_age,
    hsts_include_subdomains: row.hsts_subdomains === 1,
    hsts_preload: row.hsts_preload === 1,
    oauth2_proxy_url: row.oauth2_proxy_url,
  };
}

/** The columns that hold the fields; account and provider have been looked up by now. */
export function columnsOf(fields: DomainFields) {
  const flag = (value: boolean) => (value ? 1 : 0);
  return {
    access: fields.access,
    certificate_source: fields.certificate_source,
    certificate_scope: fields.certificate_scope,
    acme_account_id: fields.acme_account || null,
    challenge: fields.challenge,
    dns_provider_id: fields.dns_provider || null,
    publish_dns: flag(fields.publish_dns),
    hsts_max_age: fields.hsts_max_age_seconds,
    hsts_subdomains: flag(fields.hsts_include_subdomains),
    hsts_preload: flag(fields.hsts_preload),
    oauth2_proxy_url: fields.oauth2_proxy_url,
  } satisfies DomainChange;
}
