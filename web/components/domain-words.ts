/** Kinds of domains and certificates as forms offer and pages say them. */
import {
  AcmeChallengeType,
  CertificateScope,
  CertificateSource,
  DomainAccess,
} from '@berth/proto/api/v1/domains_pb.js';

/** Choices by the value that forms carry, which is the number of the API's own. */
type Choices = readonly (readonly [value: string, label: string])[];

export const ACCESS_CHOICES: Choices = [
  [`${DomainAccess.SHARED}`, 'Everybody who may create containers at the site'],
  [`${DomainAccess.GRANTED}`, 'Those it was given to'],
];

export const SOURCE_CHOICES: Choices = [
  [`${CertificateSource.SELF_SIGNED}`, 'Nobody: self-signed, browsers warn'],
  [`${CertificateSource.ACME}`, 'An authority, by ACME'],
  [`${CertificateSource.UPLOADED}`, 'Uploaded by you'],
  [`${CertificateSource.INTERNAL}`, 'The authority of this installation, for closed networks'],
];

export const SCOPE_CHOICES: Choices = [
  [`${CertificateScope.WILDCARD}`, 'One for the domain and all names right under it'],
  [`${CertificateScope.PER_NAME}`, 'One for each name'],
];

export const CHALLENGE_CHOICES: Choices = [
  [`${AcmeChallengeType.UNSPECIFIED}`, 'As fits: HTTP-01 for single names, DNS-01 for all'],
  [`${AcmeChallengeType.HTTP_01}`, 'HTTP-01: by a file that Berth serves'],
  [`${AcmeChallengeType.DNS_01}`, 'DNS-01: by a record at the DNS provider'],
];

/** Where certificates come from, in a word or two. */
export const SOURCE_WORDS: Readonly<Record<number, string>> = {
  [CertificateSource.SELF_SIGNED]: 'self-signed',
  [CertificateSource.ACME]: 'by ACME',
  [CertificateSource.UPLOADED]: 'uploaded',
  [CertificateSource.INTERNAL]: 'internal authority',
};
