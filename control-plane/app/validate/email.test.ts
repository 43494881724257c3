import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emailFault, plainEmail } from './email.ts';

const character = fc.integer({ min: 0, max: 0x2ff }).map((code) => String.fromCodePoint(code));

test.each(['ada@example.org', 'Ada.Lovelace+berth@Mail.Example.org', "o'neil@x-y.example", 'a@xn--bcher-kva.example'])(
  '%s is an address',
  (text) => {
    expect(emailFault(text)).toBeUndefined();
  },
);

test.each([
  '',
  'ada',
  '@example.org',
  'ada@',
  'ada@localhost',
  'ada@example',
  'ada@example.org.',
  'ada@-a.org',
  'ada@1.2.3.4',
  'ada@[1.2.3.4]',
  'a da@example.org',
  '"a da"@example.org',
  'Ada <ada@example.org>',
  'ada@example.org,eve@example.org',
  'ada@example.org eve@example.org',
  'ada@example.org\r\nBcc: eve@example.org',
  'ada@example.org\0',
  '.ada@example.org',
  'ada..x@example.org',
  'ada@example.org@evil.example.org ',
  'adа@example.org',
  'bücher@example.org',
  'ada@bücher.example',
  `${'a'.repeat(65)}@example.org`,
  `a@${'a.'.repeat(130)}org`,
])('"%s" is none', (text) => {
  expect(emailFault(text)).toBeDefined();
});

test('letters that become others when made small are refused', () => {
  expect(emailFault('\u212Aate@example.org')).toBeDefined();
  expect(emailFault('kate@\u212Aiel.example')).toBeDefined();
});

test('addresses that differ in case alone are the same one', () => {
  expect(plainEmail('Ada@Example.ORG')).toBe('ada@example.org');
});

test('what is taken never holds what could leave a header', () => {
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 10 }), (text) => {
      const address = `${text}@example.org`;
      if (emailFault(address) === undefined) expect(address).toMatch(/^[!-~]+$/);
    }),
  );
});
