import { createHash } from 'node:crypto';
import type { Certificate, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { certificateName, shown } from './escape.ts';

const MAX_PEM_LENGTH = 65_536;

/** A certificate that nginx may be shown; whether key and chain are any good is for nginx to say. */
export type CheckedCertificate = {
  readonly kind: 'certificate';
  readonly resource: Resource;
  readonly name: string;
  /** Stem of its files, made from its name. */
  readonly id: string;
  readonly names: readonly string[];
  readonly chainPem: string;
  readonly keyPem: string;
  readonly selfSigned: boolean;
};

/** Checks a certificate; a string says what is wrong with it. */
export function checkCertificate(resource: Resource, certificate: Certificate): CheckedCertificate | string {
  const odd = certificate.dnsNames.find((name) => certificateName(name) === undefined);
  if (odd !== undefined) return `${shown(odd)} is not a DNS name`;
  if (certificate.dnsNames.length === 0) return 'it covers no name';
  if (certificate.chainPem.length > MAX_PEM_LENGTH || certificate.keyPem.length > MAX_PEM_LENGTH)
    return 'it is too long';
  // nginx would stop and ask for the pass phrase on the terminal.
  if (certificate.keyPem.includes('ENCRYPTED')) return 'its private key is encrypted';
  return {
    kind: 'certificate',
    resource,
    name: resource.name,
    id: createHash('sha256').update(resource.name).digest('hex').slice(0, 16),
    names: [...new Set(certificate.dnsNames)],
    chainPem: certificate.chainPem,
    keyPem: certificate.keyPem,
    selfSigned: certificate.selfSigned,
  };
}

/** Whether a certificate is good for a host (RFC 6125, 6.4.3: a wildcard stands for exactly one label). */
export function covers(certificate: CheckedCertificate, host: string): boolean {
  return certificate.names.includes(host) || certificate.names.includes(`*${host.slice(host.indexOf('.'))}`);
}
