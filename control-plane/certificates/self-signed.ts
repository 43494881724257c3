/**
 * Certificates that serve a domain until an authority has signed one. They say of themselves that they are no
 * authority and carry one key of their own, so that trusting one by hand trusts this domain alone.
 */
import { webcrypto } from 'node:crypto';
import * as x509 from '../fleet/x509.ts';
import { newSerial } from './root-certificate.ts';

const DAY_MS = 24 * 3_600_000;
const VALID_DAYS = 397;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const COMMON_NAME_LENGTH = 64;

/** A certificate made, key in the clear. */
export interface SelfSigned {
  dnsNames: string[];
  /** PEM, one certificate. */
  chainPem: string;
  /** PKCS #8 PEM. */
  keyPem: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

/**
 * Makes a P-256 key and a certificate for a domain and everything right below it, valid from an hour ago (for
 * clocks that lag) for 397 days, the longest that browsers take.
 * @param now milliseconds since the epoch
 */
export async function selfSigned(domain: string, now: number): Promise<SelfSigned> {
  const dnsNames = [domain, `*.${domain}`];
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  // Certificates count in whole seconds.
  const notBefore = Math.floor(now / 1_000) * 1_000 - 3_600_000;
  const notAfter = notBefore + VALID_DAYS * DAY_MS;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ CN: [domain.length <= COMMON_NAME_LENGTH ? domain : 'berth'] }],
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: extensions(dnsNames),
    },
    webcrypto,
  );
  return {
    dnsNames,
    chainPem: `${certificate.toString('pem')}\n`,
    keyPem: await toPem(keys.privateKey),
    notBefore,
    notAfter,
  };
}

function extensions(dnsNames: string[]): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
  ];
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
