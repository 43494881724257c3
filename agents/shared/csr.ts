import { createPrivateKey, createPublicKey, generateKeyPair as generate, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };

/** A new P-256 key, PEM PKCS #8. */
export async function newKey(): Promise<string> {
  const { privateKey } = await promisify(generate)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A PEM PKCS #10 request for a P-256 key. What it says about itself is of no weight: the authority names the subject.
 * @throws when the key is not a PEM P-256 key
 */
export async function requestFor(keyPem: string): Promise<string> {
  // Seldom needed, and twelve megabytes when it is.
  const { Pkcs10CertificateRequestGenerator } = await import('./x509.ts');
  const { subtle } = webcrypto;
  const key = createPrivateKey(keyPem);
  const secret = key.export({ type: 'pkcs8', format: 'der' });
  const open = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keys = {
    privateKey: await subtle.importKey('pkcs8', secret, ALGORITHM, false, ['sign']),
    publicKey: await subtle.importKey('spki', open, ALGORITHM, true, ['verify']),
  };
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=berth-agent', keys, signingAlgorithm });
  return request.toString('pem');
}
