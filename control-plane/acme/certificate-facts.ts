import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as x509 from '../fleet/x509.ts';

/** What stands in a certificate. */
export interface CertificateFacts {
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** Common name of who signed it, or the whole name. */
  issuer: string;
  /** Hex, lower case. */
  serial: string;
  dnsNames: string[];
  /** See `ariId`; empty when it does not say which key signed it. */
  ariId: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM chain, PEM each. */
export function splitChain(pem: string): string[] {
  return pem.match(BLOCK) ?? [];
}

/** What stands in the first certificate of a chain. @throws when there is none */
export function certificateFacts(chainPem: string): CertificateFacts {
  const leaf = new x509.X509Certificate(splitChain(chainPem)[0] ?? '');
  const names = leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const keyId = leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId ?? '';
  return {
    notBefore: leaf.notBefore.getTime(),
    notAfter: leaf.notAfter.getTime(),
    issuer: leaf.issuerName.getField('CN')[0] ?? leaf.issuer,
    serial: leaf.serialNumber.toLowerCase(),
    dnsNames: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
    ariId: keyId === '' ? '' : ariId(keyId, leaf.serialNumber),
  };
}

/**
 * The identifier of a certificate for renewal information (RFC 9773, 4.1): key identifier of its issuer, and its
 * serial number as in DER, where a first bit of 1 is led by a zero byte.
 * @param keyId hex
 * @param serial hex
 */
export function ariId(keyId: string, serial: string): string {
  const digits = serial.replace(/^(00)+(?=..)/, '');
  const der = Number.parseInt(digits.slice(0, 2), 16) >= 0x80 ? `00${digits}` : digits;
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${Buffer.from(der, 'hex').toString('base64url')}`;
}

/**
 * What is wrong with a chain for some names and a key, if anything: an authority that sends another's certificate is
 * not to break what is served.
 * @param now milliseconds since the epoch
 */
export function chainFault(
  chainPem: string,
  { keyPem, dnsNames, now }: { keyPem: string; dnsNames: readonly string[]; now: number },
): string | undefined {
  const [leaf, ...above] = splitChain(chainPem).map((pem) => new X509Certificate(pem));
  if (!leaf) return 'there is no certificate in it';
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem))) return 'it is not for the key of the order';
  const uncovered = dnsNames.find((name) => !leaf.checkHost(name.replace(/^\*/, 'any')));
  if (uncovered) return `it does not cover ${uncovered}`;
  if (leaf.validToDate.getTime() <= now) return 'it has ended already';
  const signers = [leaf, ...above];
  const broken = above.findIndex((signer, i) => !signers[i]?.checkIssued(signer));
  return broken < 0 ? undefined : 'its chain does not hang together';
}

/** A certificate as ACME carries it: base64url of its DER form. */
export function asBase64Url(pem: string): string {
  return Buffer.from(new x509.X509Certificate(pem).rawData).toString('base64url');
}
