import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  backendAddress,
  certificateName,
  challengeToken,
  hostName,
  htmlText,
  keyAuthorization,
  portNumber,
} from './escape.ts';

const harmless = /^[A-Za-z0-9._:[\]*-]+$/;

test('whatever passes has none of nginx’s special characters', () => {
  const near = fc.stringMatching(/^[a-z0-9.*:_\-;{}"'$\\ \n#]{1,40}$/);
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ unit: 'binary' }), fc.domain(), fc.ipV6(), fc.ipV4()), (text) => {
      for (const check of [hostName, certificateName, backendAddress, challengeToken, keyAuthorization]) {
        const written = check(text);
        if (written !== undefined) expect(written).toMatch(harmless);
      }
    }),
    { numRuns: 2000 },
  );
});

test('every domain passes as it is, its upper case and its trailing dot do not', () => {
  fc.assert(
    fc.property(fc.domain(), (domain) => {
      const lower = domain.toLowerCase();
      fc.pre(!/\.[0-9]+$/.test(lower));
      expect(hostName(lower)).toBe(lower);
      expect(hostName(`${lower}.`)).toBeUndefined();
      expect(hostName(`A${lower}`)).toBeUndefined();
    }),
  );
});

test.each(['default', 'include', 'localhost', '10.0.0.1', '-a.b', 'a..b', `${'x'.repeat(64)}.b`, 'a_b.c', ''])(
  '%j is no host name',
  (text) => expect(hostName(text)).toBeUndefined(),
);

test('a certificate may be for a wildcard, of a domain of one label too', () => {
  expect(['*.lab', '*.apps.lab', 'apps.lab'].map(certificateName)).toEqual(['*.lab', '*.apps.lab', 'apps.lab']);
  for (const text of ['*', '*.', '**.lab', 'a.*.lab', '*.*.lab', '*.-x', '*.A']) {
    expect(certificateName(text)).toBeUndefined();
  }
});

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['FD00::0001', '[fd00::1]'],
  ['::1', '[::1]'],
])('%s is written as %s', (text, written) => expect(backendAddress(text)).toBe(written));

test.each([
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'ff02::1',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
  '1.2.3',
  'a',
])('%s is no backend', (text) => expect(backendAddress(text)).toBeUndefined());

test.each([0, -1, 65_536, 1.5, Number.NaN])('%s is no port', (value) => expect(portNumber(value)).toBeUndefined());

test('text of a page cannot leave its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(htmlText(text)).not.toMatch(/["'$\\<>\n\r\0{}]/);
    }),
  );
});
