import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSigned } from './self-signed.ts';

const NOW = Date.UTC(2026, 10, 23);

describe('selfSigned', () => {
  it('covers the domain and one label below, and nothing else', async () => {
    const made = await selfSigned('apps.lab', NOW);
    const certificate = new X509Certificate(made.chainPem);
    expect(made.dnsNames).toEqual(['apps.lab', '*.apps.lab']);
    expect(certificate.checkHost('apps.lab')).toBeTruthy();
    expect(certificate.checkHost('web1.apps.lab')).toBeTruthy();
    expect(certificate.checkHost('a.b.apps.lab')).toBeUndefined();
    expect(certificate.ca).toBe(false);
  });

  it('is signed by its own P-256 key', async () => {
    const { chainPem, keyPem } = await selfSigned('apps.lab', NOW);
    const certificate = new X509Certificate(chainPem);
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('tells its validity as it stands in the certificate', async () => {
    const { chainPem, notBefore, notAfter } = await selfSigned('apps.lab', NOW + 1);
    const certificate = new X509Certificate(chainPem);
    expect(certificate.validFromDate.getTime()).toBe(notBefore);
    expect(certificate.validToDate.getTime()).toBe(notAfter);
    expect(notBefore).toBeLessThan(NOW);
  });

  it('takes a domain too long for a common name', async () => {
    const domain = `${'a'.repeat(60)}.${'b'.repeat(60)}.lab`;
    const certificate = new X509Certificate((await selfSigned(domain, NOW)).chainPem);
    expect(certificate.checkHost(`web1.${domain}`)).toBeTruthy();
  });

  it('never repeats a serial number', async () => {
    const made = await Promise.all(['a.lab', 'b.lab'].map((domain) => selfSigned(domain, NOW)));
    expect(new Set(made.map(({ chainPem }) => new X509Certificate(chainPem).serialNumber)).size).toBe(2);
  });
});
