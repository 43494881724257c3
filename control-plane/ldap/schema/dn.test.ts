import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dnKey, escapeValue, keyOfDn, readDn } from './dn.ts';

const value = fc.string({ unit: fc.constantFrom(...'aB0 ,+"\\<>;=#é漢\u{1f600}\0'), minLength: 1, maxLength: 12 });
const ava = fc.record({ type: fc.constantFrom('uid', 'cn', 'ou', 'dc', 'x-y', '1.2.3'), value });
const dn = fc.array(fc.array(ava, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 5 });

test('what is written is read back', () => {
  fc.assert(
    fc.property(dn, (parts) => {
      const text = parts.map((avas) => avas.map((a) => `${a.type}=${escapeValue(a.value)}`).join('+')).join(',');
      expect(readDn(text)).toEqual(parts);
    }),
  );
});

test('a value written in hexadecimal escapes is the same value', () => {
  fc.assert(
    fc.property(value, (text) => {
      const escaped = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
      expect(readDn(`cn=${escaped}`)).toEqual([[{ type: 'cn', value: text }]]);
    }),
  );
});

test('no text makes it throw, and what it takes has a key that is read to the same key', () => {
  const text = fc.string({ unit: fc.constantFrom(...'uid=,+\\#"a B0c3;é'), maxLength: 30 });
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 40 })), (each) => {
      const read = readDn(each);
      if (!read) return;
      const key = keyOfDn(read);
      expect(dnKey(key)).toBe(key);
    }),
    { numRuns: 500 },
  );
});

describe('names are the same', () => {
  test.each([
    ['in any letter case', 'UID=Alice,OU=People,DC=Berth', 'uid=alice,ou=people,dc=berth'],
    ['with spaces around their signs', ' uid = alice , ou = people ', 'uid=alice,ou=people'],
    ['with spaces within folded', 'cn=Ada  King,o=x', 'cn=ada king,o=x'],
    ['by other names of types', 'userid=a,organizationalUnitName=b,domainComponent=c', 'uid=a,ou=b,dc=c'],
    ['by OIDs', '0.9.2342.19200300.100.1.1=alice', 'uid=alice'],
    ['in another order of one part', 'cn=a+uid=b,o=x', 'uid=b+cn=a,o=x'],
    ['with a comma escaped in two ways', 'cn=a\\,b', 'cn=a\\2cb'],
    ['with a value as BER', 'cn=#0403666f6f', 'cn=foo'],
    ['composed or decomposed', 'cn=e\u0301', 'cn=\u00e9'],
  ])('%s', (_, a, b) => {
    expect(dnKey(a)).toBeDefined();
    expect(dnKey(a)).toBe(dnKey(b));
  });
});

test.each([
  // Where ldapjs's reader goes on as if nothing were wrong.
  ...['uid=a,,o=x', 'uid=a\\1,o=x', 'uid=\\c3,ou=people', 'uid=a,o=x,', 'uid=a+,o=x', 'uid="a",o=x', 'uid=a;o=x'],
  ...[
    'uid',
    '=a',
    'uid=a\\',
    'uid=a\\zz',
    'uid=#0',
    'uid=#zz',
    'uid=\\ff',
    'uid=a\0',
    '1a=b',
    `uid=${'x'.repeat(3_000)}`,
  ],
])('%j is no name', (text) => {
  expect(dnKey(text)).toBeUndefined();
});

test('a name longer than any is no name', () => {
  expect(dnKey(`uid=${'x'.repeat(3_000)}`)).toBeUndefined();
});

test('an escaped space at the end belongs to the value, others do not', () => {
  expect(readDn('cn=a\\  ,o=x')?.[0]).toEqual([{ type: 'cn', value: 'a ' }]);
  expect(readDn('cn=a  ,o=x')?.[0]).toEqual([{ type: 'cn', value: 'a' }]);
  expect(readDn('cn=a\\\\  ')?.[0]).toEqual([{ type: 'cn', value: 'a\\' }]);
});

test('two values under one type do not hide one another', () => {
  expect(dnKey('uid=mallory+uid=alice,ou=people')).not.toBe(dnKey('uid=alice,ou=people'));
});
