import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What an authority is asked for. */
export interface Order {
  dnsNames: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Days from now on; 60 where nothing is said. */
  days?: number;
}

/** A certificate as an authority hands it out. */
export interface Issued {
  /** PEM: the leaf, then the intermediate authority's. */
  chainPem: string;
  /** Certificates by themselves, leaf first, the root last. */
  parts: string[];
  /** PKCS #8 PEM. */
  keyPem: string;
}

interface Signer {
  certificate: X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

/** Has a leaf signed by an intermediate authority of a root of its own. */
export async function issueCertificate({ dnsNames, now, days = 60 }: Order): Promise<Issued> {
  const span = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + days * DAY_MS) };
  const root = await authority('CN=Harbour Root', span);
  const middle = await authority('CN=Harbour CA 1', span, root);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const leaf = await X509CertificateGenerator.create({
    serialNumber: '0badcafe',
    subject: `CN=${dnsNames[0] ?? ''}`,
    issuer: middle.certificate.subject,
    ...span,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: middle.keys.privateKey,
    extensions: [new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))],
  });
  const parts = [leaf, middle.certificate, root.certificate].map((each) => `${each.toString('pem')}\n`);
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g) ?? [];
  const keyPem = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
  return { chainPem: parts.slice(0, 2).join(''), parts, keyPem };
}

async function authority(name: string, span: { notBefore: Date; notAfter: Date }, by?: Signer): Promise<Signer> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: name,
    issuer: by?.certificate.subject ?? name,
    ...span,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return { certificate, keys };
}
