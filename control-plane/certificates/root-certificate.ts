/** What the installation's authorities have in common: certificates of their own, and serial numbers. */
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '../fleet/x509.ts';

const ROOT_LIFE_MS = 3_650 * 24 * 3_600_000;
/** For clocks that lag. */
const BACKDATE_MS = 3_600_000;

/**
 * The certificate of an authority that signs what is presented and no other authority (RFC 5280, 4.2.1.9), for ten years.
 * @param name what people read in it; a few random digits tell two of the same name apart
 * @param keys of P-256
 * @param now milliseconds since the epoch
 */
export async function rootCertificate(
  name: string,
  keys: webcrypto.CryptoKeyPair,
  now: number,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: `CN=${name} ${randomBytes(4).toString('hex')}`,
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + ROOT_LIFE_MS),
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
}

/** 120 random bits as hex, positive whatever the first one: a serial number is a signed integer (RFC 5280, 4.1.2.2). */
export function newSerial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}
