import { createHash, webcrypto } from 'node:crypto';
import { newKey, requestFor } from '../csr.ts';
import type { Identity } from '../identity.ts';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '../x509.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };

/** A small certificate authority for tests of the link. */
export class TestAuthority {
  readonly #key: webcrypto.CryptoKey;
  readonly certificate: X509Certificate;

  private constructor(key: webcrypto.CryptoKey, certificate: X509Certificate) {
    this.#key = key;
    this.certificate = certificate;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const extensions = [new BasicConstraintsExtension(true, undefined, true)];
    const name = 'CN=Test authority';
    const root = await X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm, extensions });
    return new TestAuthority(keys.privateKey, root);
  }

  get pem(): string {
    return this.certificate.toString('pem');
  }

  /** SHA-256 of the certificate in DER form, hex. */
  get fingerprint(): string {
    return createHash('sha256').update(Buffer.from(this.certificate.rawData)).digest('hex');
  }

  /** Signs a request; the chain ends with the authority itself. */
  async sign(csrPem: string, life: { notBeforeMs: number; notAfterMs: number }): Promise<string> {
    const leaf = await X509CertificateGenerator.create({
      subject: 'CN=localhost',
      issuer: this.certificate.subject,
      notBefore: new Date(life.notBeforeMs),
      notAfter: new Date(life.notAfterMs),
      publicKey: new Pkcs10CertificateRequest(csrPem).publicKey,
      signingKey: this.#key,
      signingAlgorithm,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    });
    return `${leaf.toString('pem')}\n${this.pem}\n`;
  }

  /** A key and a certificate valid for an hour. */
  async issue(lifeMs = 3_600_000): Promise<{ keyPem: string; chainPem: string }> {
    const keyPem = await newKey();
    const now = Date.now();
    const life = { notBeforeMs: now - 60_000, notAfterMs: now + lifeMs };
    return { keyPem, chainPem: await this.sign(await requestFor(keyPem), life) };
  }

  /** An enrolled agent's identity. */
  async identity(sessionAddress: string): Promise<Identity> {
    const issued = await this.issue();
    return {
      agentId: 'agt-1',
      sessionAddress,
      serverName: 'localhost',
      caBundlePem: this.pem,
      renewAtMs: 0,
      tokenHash: '',
      ...issued,
    };
  }
}
