import { hostileText, lookAlikesOf, spoiled } from '@berth/test/support/hostile.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiUrlFault, certificatePemFault, fingerprintFault, tokenIdFault, tokenSecretFault } from './pve.ts';

const KINDS: [string, (text: string) => string | undefined, string][] = [
  ['API URL', apiUrlFault, 'https://pve-1.lab:8006'],
  ['token id', tokenIdFault, 'berth@pve!agent-1'],
  ['token secret', tokenSecretFault, '0a1b2c3d-0000-4000-8000-0123456789ab'],
  ['fingerprint', fingerprintFault, Array(32).fill('0a').join(':')],
];

describe.each(KINDS)('a %s', (_, fault, right) => {
  it('is taken when right and refused when hostile, spoiled, a look-alike or endless', () => {
    expect(fault(right)).toBeUndefined();
    const wrong = fc.oneof(hostileText, spoiled(right), lookAlikesOf(right));
    fc.assert(
      fc.property(wrong, (text) => {
        expect(fault(text)).toBeTypeOf('string');
      }),
    );
    expect(fault('a'.repeat(1_000_000))).toBeTypeOf('string');
  });
});

describe('an API URL', () => {
  it.each(['https://10.0.0.1', 'https://[fd00::1]:8006', 'https://pve1:8006/', 'https://pve1:65535'])(
    'is %j',
    (url) => {
      expect(apiUrlFault(url)).toBeUndefined();
    },
  );

  it.each([
    'http://pve1:8006',
    'https://root@pve1',
    'https://root:x@pve1',
    'https://pve1:0',
    'https://pve1:08006',
    'https://pve1:65536',
    'https://pve1/api2',
    'https://pve1?x',
    'https://pve1#x',
    'https://10.0.0.256',
    'https://[10.0.0.1]',
    'https://[pve1]',
    'https://fd00::1',
    'https://PVE1',
    'https://pve1.:8006',
    'https://',
    'javascript:alert(1)',
  ])('is not %j', (url) => {
    expect(apiUrlFault(url)).toMatch(/must be an https URL/);
  });
});

it.each(['berth@pve', 'berth!agent', '@pve!agent', 'berth@pve!', 'a@b@pve!x', 'a!b@pve!x', 'a@pve!x=y'])(
  'takes no token id %j',
  (text) => {
    expect(tokenIdFault(text)).toMatch(/user@realm!name/);
  },
);

describe('certificates in PEM', () => {
  const wrap = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

  it('may be left out', () => {
    expect(certificatePemFault('')).toBeUndefined();
  });

  it('are nothing hostile, no key and nothing that only looks like PEM', () => {
    const hostile = fc.oneof(hostileText, hostileText.map(wrap));
    fc.assert(
      fc.property(hostile, (text) => {
        // Some of it is proper base64 ("/"), and then no certificate.
        expect(certificatePemFault(text)).toMatch(/must be certificates in PEM|cannot be read/);
      }),
    );
    expect(certificatePemFault(wrap('AAAA').replaceAll('CERTIFICATE', 'PRIVATE KEY'))).toMatch(/must be certificates/);
    expect(certificatePemFault(wrap('AAAA'))).toBe('holds a certificate that cannot be read');
    expect(certificatePemFault(wrap('A'.repeat(76)).repeat(1_000))).toMatch(/must be certificates/);
  });
});
