import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLASS, TYPE } from './constants.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage, type WireRecord } from './message.ts';
import { decodeName, encodeName, MalformedMessage } from './name.ts';
import { addressData, describeRecord, txtData } from './record-data.ts';

const label = fc.string({ unit: fc.constantFrom(...'abcxyz019-_'), minLength: 1, maxLength: 63 });
const name = fc
  .array(label, { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join('.'))
  .filter((text) => text.length <= 253);
const data = fc.oneof(
  fc.record({ type: fc.constant(TYPE.TXT), data: fc.string({ unit: 'grapheme-ascii', maxLength: 255 }).map(txtData) }),
  fc.record({ type: fc.constant(TYPE.A), data: fc.ipV4().map((address) => addressData('A', address)) }),
  fc.record({ type: fc.constant(TYPE.AAAA), data: fc.ipV6().map((address) => addressData('AAAA', address)) }),
  fc.record({ type: fc.constant(TYPE.CNAME), data: name.map((target) => addressData('CNAME', target)) }),
  fc.record({ type: fc.constant(TYPE.ANY), data: fc.constant(Buffer.alloc(0)) }),
);
const record: fc.Arbitrary<WireRecord> = fc
  .tuple(name, data, fc.nat(0x7fff_ffff), fc.constantFrom(...Object.values(CLASS)))
  .map(([owner, content, ttl, inClass]) => ({ name: owner, ...content, ttl, class: inClass }));
const section = fc.array(record, { maxLength: 4 });
const message: fc.Arbitrary<Message> = fc.record({
  id: fc.nat(0xffff),
  response: fc.boolean(),
  opcode: fc.nat(15),
  rcode: fc.nat(15),
  questions: fc.array(fc.record({ name, type: fc.nat(0xffff), class: fc.nat(0xffff) }), { maxLength: 2 }),
  answers: section,
  authorities: section,
  additionals: section,
});

describe('messages', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(message, (written) => {
        const { lastAdditionalAt, ...read } = decodeMessage(encodeMessage(written));
        expect(read).toEqual(written);
        expect(lastAdditionalAt >= 0).toBe(written.additionals.length > 0);
      }),
    );
  });

  it('that are cut, longer or noise are refused, never read past their end', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 80 }), (written, cut, noise) => {
        const bytes = encodeMessage(written);
        expect(() => decodeMessage(bytes.subarray(0, cut % bytes.length))).toThrow(MalformedMessage);
        expect(() => decodeMessage(Buffer.concat([bytes, noise]))).toThrow(MalformedMessage);
        try {
          decodeMessage(Buffer.from(noise));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
    );
  });

  it('with names that point to others are written out', () => {
    const bytes = encodeMessage({ ...queryMessage(1, 'web.apps.test', TYPE.CNAME), response: true });
    const pointing = Buffer.from([
      0xc0,
      0x0c,
      0,
      TYPE.CNAME,
      0,
      CLASS.IN,
      0,
      0,
      0,
      60,
      0,
      7,
      4,
      ...Buffer.from('edge'),
      0xc0,
      0x10,
    ]);
    bytes.writeUInt16BE(1, 6);
    const { answers } = decodeMessage(Buffer.concat([bytes, pointing]));
    expect(answers.map((each) => `${each.name} ${describeRecord(each)}`)).toEqual([
      'web.apps.test CNAME edge.apps.test',
    ]);
  });
});

describe('names', () => {
  it('that point to themselves or onwards are refused', () => {
    expect(() => decodeName(Buffer.from([0xc0, 0x00]), 0)).toThrow(MalformedMessage);
    expect(decodeName(Buffer.from([1, 97, 0, 0xc0, 0x00]), 3)).toEqual({ name: 'a', end: 5 });
    expect(() => decodeName(Buffer.from([1, 97, 0xc0, 0x00]), 2)).toThrow(MalformedMessage);
    expect(() => decodeName(Buffer.from([0xc0, 0x02, 0xc0, 0x00]), 0)).toThrow(MalformedMessage);
    expect(() => decodeName(Buffer.from([64, 97]), 0)).toThrow(MalformedMessage);
  });

  it('are in lower case, with what is not printable escaped', () => {
    expect(decodeName(encodeName('WEB.Apps.Test'), 0).name).toBe('web.apps.test');
    expect(decodeName(Buffer.from([3, 65, 46, 10, 0]), 0).name).toBe('a\\046\\010');
  });

  it.each(['a..b', `${'a'.repeat(64)}.b`, Array.from({ length: 64 }, () => 'abc').join('.')])('refuses %s', (text) => {
    expect(() => encodeName(text)).toThrow(RangeError);
  });
});
