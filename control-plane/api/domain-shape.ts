/** Domains and certificates as messages. No decision is made here but for what a caller may see. */
import {
  AcmeChallengeType,
  type Certificate,
  CertificateSchema,
  CertificateScope,
  CertificateSource,
  CertificateState,
  type CertificateSummary,
  CertificateSummarySchema,
  type Domain,
  DomainAccess,
  type DomainGrant,
  DomainGrantSchema,
  DomainProofSchema,
  DomainSchema,
} from '@berth/proto/api/v1/domains_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { CertificateView } from '../app/certificates/read-certificates.ts';
import { domainConditions, isManaged } from '../app/domains/domain-conditions.ts';
import { proofOf } from '../app/domains/proof.ts';
import type { DomainView } from '../app/domains/read-domains.ts';
import { conditionShape, moment } from './shapes.ts';

const ACCESS = { shared: DomainAccess.SHARED, granted: DomainAccess.GRANTED };
const SOURCES = {
  self_signed: CertificateSource.SELF_SIGNED,
  acme: CertificateSource.ACME,
  uploaded: CertificateSource.UPLOADED,
  internal: CertificateSource.INTERNAL,
};
const SCOPES = { wildcard: CertificateScope.WILDCARD, per_name: CertificateScope.PER_NAME };
const CHALLENGES = {
  '': AcmeChallengeType.UNSPECIFIED,
  'http-01': AcmeChallengeType.HTTP_01,
  'dns-01': AcmeChallengeType.DNS_01,
};
const STATES = {
  pending: CertificateState.PENDING,
  ordering: CertificateState.ORDERING,
  valid: CertificateState.VALID,
  failed: CertificateState.FAILED,
  expired: CertificateState.EXPIRED,
};

/** A domain. @param now milliseconds since the epoch */
export function domainShape(view: DomainView, now: number): Domain {
  const { domain } = view;
  const shown = create(DomainSchema, {
    id: domain.id,
    site: domain.site_id,
    name: domain.name,
    owner: view.owner,
    access: ACCESS[domain.access],
    verified: domain.verified_at !== null,
    certificateSource: SOURCES[domain.certificate_source],
    certificateScope: SCOPES[domain.certificate_scope],
    acmeAccount: view.acmeAccount,
    challenge: CHALLENGES[domain.challenge],
    dnsProvider: view.dnsProvider,
    publishDns: domain.publish_dns === 1,
    hstsMaxAgeSeconds: domain.hsts_max_age,
    hstsIncludeSubdomains: domain.hsts_subdomains === 1,
    hstsPreload: domain.hsts_preload === 1,
    oauth2ProxyUrl: domain.oauth2_proxy_url,
    certificates: summaryShape(view, now),
    createdAt: timestampFromMs(domain.created_at),
  });
  if (!view.administers) return shown;
  return create(DomainSchema, {
    ...shown,
    grants: view.grants.map(grantShape),
    ...(domain.verified_at === null && { proof: proofShape(view) }),
    conditions: domainConditions(view, now).map(conditionShape),
  });
}

function grantShape({ username, group_name }: DomainView['grants'][number]): DomainGrant {
  const principal =
    group_name === null
      ? ({ case: 'user', value: username ?? '' } as const)
      : ({ case: 'group', value: group_name } as const);
  return create(DomainGrantSchema, { principal });
}

function proofShape({ domain }: DomainView) {
  const checkedAt = domain.proof_checked_at;
  return create(DomainProofSchema, {
    ...proofOf(domain),
    lastError: domain.proof_error,
    ...(checkedAt !== null && { checkedAt: timestampFromMs(checkedAt) }),
  });
}

function summaryShape(view: DomainView, now: number): CertificateSummary {
  const { domain, managed, served } = view;
  if (isManaged(domain)) {
    const ends = managed.flatMap(({ not_after }) => not_after ?? []);
    const valid = managed.filter(({ not_after }) => not_after !== null && not_after > now).length;
    const pending = managed.filter(({ state }) => state === 'pending' || state === 'ordering').length;
    const failed = managed.filter(({ state }) => state === 'failed' || state === 'expired').length;
    const firstNotAfter = ends.length > 0 ? timestampFromMs(Math.min(...ends)) : undefined;
    return create(CertificateSummarySchema, { valid, pending, failed, ...(firstNotAfter && { firstNotAfter }) });
  }
  const end = served?.not_after;
  const trusted = served !== undefined && served.self_signed === 0;
  return create(CertificateSummarySchema, {
    valid: trusted && served.not_after > now ? 1 : 0,
    failed: trusted && served.not_after <= now ? 1 : 0,
    ...(end !== undefined && { firstNotAfter: timestampFromMs(end) }),
  });
}

/** A certificate. @param now milliseconds since the epoch */
export function certificateShape({ domain, managed, served }: CertificateView, now: number): Certificate {
  const ownState = served && served.not_after > now ? CertificateState.VALID : CertificateState.EXPIRED;
  const names = managed?.dns_names ?? served?.dns_names ?? '[]';
  return create(CertificateSchema, {
    id: managed?.id ?? served?.id ?? '',
    domain: domain.id,
    name: managed?.name ?? domain.name,
    dnsNames: JSON.parse(names) as string[],
    state: managed ? STATES[managed.state] : ownState,
    ...(served && {
      issuer: served.self_signed === 1 ? '' : served.issuer,
      serial: served.serial,
      notBefore: timestampFromMs(served.not_before),
      notAfter: timestampFromMs(served.not_after),
      chainPem: served.chain_pem,
    }),
    ...(managed && orderShape(managed)),
  });
}

function orderShape(row: NonNullable<CertificateView['managed']>) {
  return {
    nextTryAt: timestampFromMs(row.next_try_at),
    nextTryReason: row.next_try_reason,
    failures: row.failures,
    lastError: row.last_error,
    lastErrorAt: moment(row.last_error_at),
    progress: row.progress,
    explanationUrl: row.explanation_url,
  };
}
