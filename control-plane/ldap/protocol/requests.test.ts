import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { element, integer, string } from '../ber/writer.ts';
import {
  abandonOf,
  and,
  bindOf,
  compareOf,
  control,
  equal,
  extendedOf,
  messageOf,
  modifyOf,
  not,
  or,
  paged,
  present,
  searchOf,
  substrings,
} from '../testing/requests.ts';
import type { Filter } from './filter.ts';
import { Oid } from './oids.ts';
import { type Message, readMessage } from './requests.ts';

const read = (bytes: Buffer) => readMessage(bytes, 0, bytes.length);

function request(bytes: Buffer): Message {
  const message = read(bytes);
  if (!message || 'result' in message) throw new Error(`refused: ${JSON.stringify(message)}`);
  return message;
}

describe('a request is read as it was written:', () => {
  test('a bind with a control that has no value', () => {
    const { request: bind, controls } = request(messageOf(bindOf('cn=x', 'secret'), [control(Oid.passwordPolicy)], 77));
    expect(bind).toEqual({ op: 'bind', version: 3, name: 'cn=x', password: Buffer.from('secret') });
    expect(controls).toEqual({ passwordPolicy: true });
  });

  test('a search with a page', () => {
    const message = request(messageOf(searchOf('o=x', 2, present('uid'), ['uid', 'cn']), [paged(500, 'next')]));
    expect(message.request).toMatchObject({ op: 'search', base: 'o=x', scope: 'sub', typesOnly: false });
    expect(message.controls.paged).toEqual({ size: 500, cookie: Buffer.from('next') });
  });

  test('an unknown control matters when it is critical', () => {
    expect(request(messageOf(bindOf('', ''), [control('1.2.3')])).controls.unknownCritical).toBeUndefined();
    expect(request(messageOf(bindOf('', ''), [control('1.2.3', true)])).controls.unknownCritical).toBe('1.2.3');
  });

  test('the others', () => {
    expect(request(messageOf(abandonOf(300))).request).toEqual({ op: 'abandon', id: 300 });
    expect(request(messageOf(compareOf('o=x', 'cn', 'y'))).request).toMatchObject({
      attribute: 'cn',
      value: Buffer.from('y'),
    });
    expect(request(messageOf(extendedOf('1.2', Buffer.from('v')))).request).toMatchObject({
      oid: '1.2',
      value: Buffer.from('v'),
    });
    const modification = { kind: 'replace', attribute: 'sn', values: [Buffer.from('a'), Buffer.from('b')] };
    expect(request(messageOf(modifyOf('o=x', 'sn', 'a', 'b'))).request).toMatchObject({
      modifications: [modification],
    });
  });
});

const attribute = fc.constantFrom('uid', 'cn', 'userCertificate;binary', '2.5.4.3');
const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
const tree: fc.Arbitrary<{ filter: Filter; encoded: Buffer }> = fc.letrec<{
  node: { filter: Filter; encoded: Buffer };
}>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(attribute, bytes).map(([name, value]) => ({
      filter: { op: 'equal' as const, attribute: name, value: Buffer.from(value) },
      encoded: equal(name, value),
    })),
    attribute.map((name) => ({ filter: { op: 'present' as const, attribute: name }, encoded: present(name) })),
    fc.tuple(attribute, fc.stringMatching(/^[a-z*\\()]{1,4}$/)).map(([name, text]) => ({
      filter: {
        op: 'substrings' as const,
        attribute: name,
        initial: Buffer.from(text),
        any: [Buffer.from('*')],
        final: Buffer.from(text),
      },
      encoded: substrings(name, text, '*', text),
    })),
    tie('node').map(({ filter, encoded }) => ({ filter: { op: 'not' as const, part: filter }, encoded: not(encoded) })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('node'), { maxLength: 4 }))
      .map(([op, parts]) => ({
        filter: { op, parts: parts.map((part) => part.filter) },
        encoded: (op === 'and' ? and : or)(...parts.map((part) => part.encoded)),
      })),
  ),
})).node;

test('filters go from bytes to their tree, whatever bytes the values have', () => {
  fc.assert(
    fc.property(tree, ({ filter, encoded }) => {
      const message = request(messageOf(searchOf('', 0, encoded)));
      expect(message.request).toMatchObject({ filter });
    }),
  );
});

test('a request cut off or with a byte changed is refused or read, and never read past its end', () => {
  fc.assert(
    fc.property(tree, fc.nat(500), fc.nat(255), ({ encoded }, at, byte) => {
      const whole = messageOf(searchOf('ou=people', 2, encoded, ['uid']));
      // Behind the message lies something that must not be taken for a part of it.
      const framed = Buffer.concat([whole, Buffer.from('3005020101870161', 'hex')]);
      framed[at % whole.length] = byte;
      readMessage(framed, 0, whole.length);
      expect(readMessage(whole, 0, Math.max(2, at % whole.length))).toBeUndefined();
    }),
  );
});

describe('refused is', () => {
  test.each([
    ['a filter 33 deep', Array.from({ length: 33 }).reduce<Buffer>((filter) => not(filter), present('cn'))],
    ['a filter of 1,025 clauses', or(...Array.from({ length: 1_025 }, () => present('cn')))],
  ])('%s', (_, filter) => {
    expect(read(messageOf(searchOf('', 0, filter)))).toMatchObject({ id: 1, op: 'search', result: { code: 11 } });
  });

  test.each([
    ['a substring filter with nothing in it', element(0xa4, string('cn'), element(0x30))],
    [
      'a substring filter that ends before its end',
      element(0xa4, string('cn'), element(0x30, string('a', 0x82), string('b', 0x81))),
    ],
    ['a negation of two', element(0xa2, present('cn'), present('sn'))],
    ['an unknown kind of filter', element(0xae, string('cn'))],
    ['an extensible filter of nothing', element(0xa9, string('x', 0x83))],
  ])('%s', (_, filter) => {
    expect(read(messageOf(searchOf('', 0, filter)))).toMatchObject({ result: { code: 2 } });
  });

  test('more than 16 controls', () => {
    const controls = Array.from({ length: 17 }, () => control('1.2.3'));
    expect(read(messageOf(bindOf('', ''), controls))).toMatchObject({ op: 'bind', result: { code: 11 } });
  });

  test('what is left over behind a request', () => {
    const two = element(0x30, integer(1), bindOf('', ''), bindOf('', ''));
    expect(read(two)).toMatchObject({ result: { code: 2 } });
  });

  test.each([
    ["a message numbered 0, which is the server's own", messageOf(bindOf('', ''), [], 0)],
    ['a message with a negative number', element(0x30, Buffer.from('0201ff', 'hex'), bindOf('', ''))],
    ['an operation that does not exist', element(0x30, integer(1), element(0x7a))],
    ['a message without an operation', element(0x30, integer(1))],
  ])('as a whole: %s', (_, message) => {
    expect(read(message)).toBeUndefined();
  });
});
