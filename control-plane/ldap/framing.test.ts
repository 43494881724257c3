import fc from 'fast-check';
import { expect, test } from 'vitest';
import { element } from './ber/writer.ts';
import { Framing, type FramingFault } from './framing.ts';

function cut(chunks: readonly Buffer[], limit = 1_000): { messages: string[]; fault: FramingFault | undefined } {
  const framing = new Framing(limit);
  const messages: string[] = [];
  for (const chunk of chunks) {
    const fault = framing.push(chunk, (bytes, start, end) => {
      messages.push(bytes.subarray(start, end).toString('hex'));
      return true;
    });
    if (fault) return { messages, fault };
  }
  return { messages, fault: undefined };
}

const message = fc.uint8Array({ maxLength: 400 }).map((contents) => element(0x30, contents));

test('messages come out whole however they are cut on the way', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(8_000), { maxLength: 40 }), (messages, cuts) => {
      const stream = Buffer.concat(messages);
      const places = [...new Set([0, ...cuts.filter((at) => at < stream.length), stream.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, at) => stream.subarray(places[at], end));
      expect(cut(chunks).messages).toEqual(messages.map((each) => each.toString('hex')));
    }),
  );
});

test('lengths may be written longer than needed, as OpenLDAP does', () => {
  const padded = Buffer.from('3084000000020101', 'hex');
  expect(cut([padded]).messages).toEqual(['3084000000020101']);
  expect(cut([...padded].map((byte) => Buffer.from([byte]))).messages).toEqual(['3084000000020101']);
});

test('a length beyond the limit ends the stream before its bytes come', () => {
  expect(cut([Buffer.from('308203e9', 'hex')]).fault).toBe('too-large');
  expect(cut([Buffer.from('3084', 'hex'), Buffer.from('ffffffff', 'hex')]).fault).toBe('too-large');
  expect(cut([element(0x30, Buffer.alloc(996))]).fault).toBeUndefined();
  expect(cut([element(0x30, Buffer.alloc(997))]).fault).toBe('too-large');
});

test.each(['02', '3080', '3085000000000101', '30ff'])('%s is no message', (hex) => {
  expect(cut([Buffer.from(hex, 'hex')]).fault).toBe('not-a-message');
});

test('bytes behind the last message that is wanted are told of, not taken', () => {
  const framing = new Framing(100);
  const once = () => false;
  expect(framing.push(element(0x30, Buffer.alloc(3)), once)).toBeUndefined();
  expect(framing.push(Buffer.concat([element(0x30), element(0x30)]), once)).toBe('bytes-after-last');
});

test('a claim of a large message takes no memory until its bytes are there', () => {
  const framings = Array.from({ length: 2_000 }, () => new Framing(1 << 20));
  const before = process.memoryUsage().arrayBuffers;
  for (const framing of framings) framing.push(Buffer.from('30830ffff0020101', 'hex'), () => true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  expect(framings.every((framing) => framing.unfinished)).toBe(true);
});
