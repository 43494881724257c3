import { generateKeyPair, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '../fleet/x509.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A new P-256 key, PKCS #8 PEM. */
export async function newCertificateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A request for a certificate (PKCS #10) for these names with this key. It names no common name: authorities take it
 * from the names, or leave it out, as one of more than 64 characters cannot be said.
 * @returns base64url of its DER form
 */
export async function certificateRequest(keyPem: string, dnsNames: readonly string[]): Promise<string> {
  const keys = await keyPairOf(keyPem);
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))],
    },
    webcrypto,
  );
  return Buffer.from(request.rawData).toString('base64url');
}

/** Both halves of a P-256 key, from its PKCS #8 PEM. */
export async function keyPairOf(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const der = new Uint8Array(x509.PemConverter.decode(keyPem)[0] ?? new ArrayBuffer(0));
  const { subtle } = webcrypto;
  const privateKey = await subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
  const { d: _, key_ops: __, ...jwk } = await subtle.exportKey('jwk', privateKey);
  const publicKey = await subtle.importKey('jwk', { ...jwk, key_ops: ['verify'] }, ALGORITHM, true, ['verify']);
  return { privateKey, publicKey };
}
