/** Kinds of domains and certificates as words of the command line. */
import {
  AcmeChallengeType,
  CertificateScope,
  CertificateSource,
  CertificateState,
  type CertificateSummary,
  type Domain,
  DomainAccess,
  type DomainGrant,
} from '@berth/proto/api/v1/domains_pb.js';
import { timestampDate } from '@bufbuild/protobuf/wkt';

export const ACCESS = { shared: DomainAccess.SHARED, granted: DomainAccess.GRANTED };
export const SOURCES = {
  'self-signed': CertificateSource.SELF_SIGNED,
  acme: CertificateSource.ACME,
  uploaded: CertificateSource.UPLOADED,
  internal: CertificateSource.INTERNAL,
};
export const SCOPES = { wildcard: CertificateScope.WILDCARD, 'per-name': CertificateScope.PER_NAME };
export const CHALLENGES = {
  auto: AcmeChallengeType.UNSPECIFIED,
  'http-01': AcmeChallengeType.HTTP_01,
  'dns-01': AcmeChallengeType.DNS_01,
};

/** The word for a value; empty for one that there is not. */
export function wordOf(words: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(words).find(([, each]) => each === value)?.[0] ?? '';
}

/** How a certificate stands, as a word. */
export function stateText(state: CertificateState): string {
  return state === CertificateState.UNSPECIFIED ? '' : (CertificateState[state] ?? '').toLowerCase();
}

/** The certificates of a domain in short, e.g. "acme: 3 valid, 1 failed, the first ends 2027-01-31". */
export function certificatesText({ verified, certificateSource, certificates }: Domain): string {
  if (!verified) return 'ownership not proven';
  const source = wordOf(SOURCES, certificateSource);
  return certificates ? [source, counts(certificates)].filter((text) => text !== '').join(': ') : source;
}

function counts({ valid, pending, failed, firstNotAfter }: CertificateSummary): string {
  const parts = [
    valid > 0 ? `${valid} valid` : '',
    pending > 0 ? `${pending} on their way` : '',
    failed > 0 ? `${failed} failed` : '',
    firstNotAfter ? `ends ${timestampDate(firstNotAfter).toISOString().slice(0, 10)}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** To whom a domain was given, as the command line takes it. */
export function grantText({ principal }: DomainGrant): string {
  return principal.case === 'group' ? `group:${principal.value}` : (principal.value ?? '');
}
