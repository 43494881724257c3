import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { makeTestCertificate } from '@berth/test/integration/nginx-certificate.ts';
import { type Issued, issueCertificate } from '@berth/test/support/issued-certificate.ts';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { asPkcs8, chainFault, keyFault } from './parse-upload.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const DAY = 24 * 3_600_000;
const wanted = { domain: 'apps.lab', inUse: ['web1.apps.lab'], now: NOW };
const keyOf = (type: 'pkcs8' | 'sec1', { privateKey }: { privateKey: KeyObject }) =>
  privateKey.export({ type, format: 'pem' }).toString();

let issued: Issued;
beforeAll(async () => {
  issued = await issueCertificate({ dnsNames: ['apps.lab', '*.apps.lab'], now: NOW });
});

describe('a chain', () => {
  it('is taken with and without its root, with whatever space around', () => {
    expect(chainFault(issued.chainPem, wanted)).toBeUndefined();
    expect(chainFault(issued.parts.join(''), wanted)).toBeUndefined();
    expect(chainFault(`\n${issued.chainPem.replaceAll('\n', '\r\n')}\n\n`, wanted)).toBeUndefined();
    expect(chainFault(issued.parts[0] ?? '', wanted)).toBeUndefined();
  });

  it('is refused in another order, with a gap, or with a signer of the same name that did not sign', async () => {
    const [leaf = '', middle = '', root = ''] = issued.parts;
    const namesake = await issueCertificate({ dnsNames: ['apps.lab'], now: NOW });
    expect(chainFault(middle + leaf, wanted)).toContain('must begin with the certificate of the names');
    expect(chainFault(leaf + root, wanted)).toContain('the second did not sign');
    expect(chainFault(leaf + leaf, wanted)).toContain('the second did not sign');
    expect(chainFault(leaf + (namesake.parts[1] ?? ''), wanted)).toContain('the second did not sign');
  });

  it('is refused before it begins and after it ends', () => {
    expect(chainFault(issued.chainPem, { ...wanted, now: NOW - DAY })).toContain('is not valid before');
    expect(chainFault(issued.chainPem, { ...wanted, now: NOW + 61 * DAY })).toContain('ended on');
  });

  it('is refused for other names', async () => {
    expect(chainFault(issued.chainPem, { ...wanted, domain: 'lab.example', inUse: [] })).toContain(
      'not for lab.example',
    );
    expect(chainFault(issued.chainPem, { ...wanted, inUse: ['a.b.apps.lab'] })).toContain(
      'does not cover a.b.apps.lab',
    );
    const one = await issueCertificate({ dnsNames: ['web1.apps.lab'], now: NOW });
    expect(chainFault(one.chainPem, wanted)).toBeUndefined();
    expect(chainFault(one.chainPem, { ...wanted, inUse: ['apps.lab', 'web1.apps.lab'] })).toContain(
      'apps.lab, which is',
    );
  });

  it('is refused when nobody but itself has signed it', async () => {
    const { chainPem } = await makeTestCertificate(['apps.lab', 'web1.apps.lab']);
    expect(chainFault(chainPem, { ...wanted, now: Date.now() })).toContain('nobody but itself');
  });

  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(chainFault(text, wanted)).toBeTypeOf('string');
        expect(chainFault(issued.chainPem + text.trim() + (text.trim() ? '' : 'x'), wanted)).toBeTypeOf('string');
      }),
      { numRuns: 50 },
    );
    expect(chainFault(issued.chainPem + issued.keyPem, wanted)).toContain('nothing else');
  });
});

describe('a key', () => {
  it('is taken in either way of writing it and kept in one', () => {
    expect(keyFault(issued.keyPem, issued.chainPem)).toBeUndefined();
    expect(asPkcs8(issued.keyPem)).toBe(issued.keyPem);
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(asPkcs8(keyOf('sec1', pair))).toBe(keyOf('pkcs8', pair));
  });

  it('is refused when it is another’s, encrypted, or no key at all', () => {
    const other = keyOf('pkcs8', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    expect(keyFault(other, issued.chainPem)).toContain('is not the key');
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    const sealed = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(cipher).toString();
    expect(keyFault(sealed, issued.chainPem)).toContain('must not be encrypted');
    expect(keyFault(issued.keyPem + issued.keyPem, issued.chainPem)).toContain('must be one private key');
    expect(keyFault(issued.chainPem, issued.chainPem)).toContain('must be one private key');
    expect(keyFault('', issued.chainPem)).toBe('is required');
  });
});
