import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TYPE } from './constants.ts';
import { decodeMessage, encodeMessage, queryMessage } from './message.ts';
import { isSignedBy, signMessage, TSIG_ALGORITHMS, type TsigKey, tsigOf } from './tsig.ts';

const NOW = 1_700_000_000;
const key: fc.Arbitrary<TsigKey> = fc.record({
  name: fc.constantFrom('key', 'key.example.org', 'k-1'),
  algorithm: fc.constantFrom(...TSIG_ALGORITHMS),
  secret: fc.uint8Array({ minLength: 1, maxLength: 64 }),
});
const query = (id: number) => encodeMessage(queryMessage(id, 'web.apps.test', TYPE.A));

/** An answer to a request, signed by a server. */
function answered(request: { mac: Buffer }, by: TsigKey, id: number): Buffer {
  const answer = encodeMessage({ ...queryMessage(id, 'web.apps.test', TYPE.A), response: true });
  return signMessage(answer, by, NOW, request.mac).bytes;
}

it('believes what the key has signed, and nothing that was changed', () => {
  fc.assert(
    fc.property(key, fc.nat(0xffff), fc.nat(), (known, id, at) => {
      const request = signMessage(query(id), known, NOW);
      const bytes = answered(request, known, id);
      expect(isSignedBy(bytes, decodeMessage(bytes), known, request.mac)).toBe(true);
      const changed = Buffer.from(bytes);
      // The number is not signed (a forwarder may change it, RFC 8945, 5.3); whoever asked compares it.
      const place = 2 + (at % (decodeMessage(bytes).lastAdditionalAt - 2));
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(believed(changed, known, request.mac)).toBe(false);
    }),
  );
});

it('believes no other key, no other secret, and no answer to another request', () => {
  fc.assert(
    fc.property(key, key, (known, other) => {
      fc.pre(
        JSON.stringify({ ...known, secret: [...known.secret] }) !==
          JSON.stringify({ ...other, secret: [...other.secret] }),
      );
      // HMAC pads a secret with zeros, so those that differ by such only are one.
      fc.pre(
        Buffer.from(known.secret)
          .toString('hex')
          .replace(/(00)+$/, '') !==
          Buffer.from(other.secret)
            .toString('hex')
            .replace(/(00)+$/, ''),
      );
      const request = signMessage(query(7), known, NOW);
      const bytes = answered(request, other, 7);
      expect(believed(bytes, known, request.mac)).toBe(false);
      const before = signMessage(query(8), known, NOW - 1);
      expect(believed(answered(before, known, 7), known, request.mac)).toBe(false);
    }),
  );
});

it('believes no signature that was shortened, and none that is missing', () => {
  const known: TsigKey = { name: 'key', algorithm: 'hmac-sha256', secret: Buffer.from('secret') };
  const request = signMessage(query(7), known, NOW);
  const bare = encodeMessage({ ...queryMessage(7, 'web.apps.test', TYPE.A), response: true });
  expect(tsigOf(decodeMessage(bare))).toBeUndefined();
  expect(believed(bare, known, request.mac)).toBe(false);
  const message = decodeMessage(answered(request, known, 7));
  const last = message.additionals.at(-1);
  if (!last) throw new Error('not signed');
  const at = last.data.indexOf(tsigOf(message)?.mac ?? Buffer.alloc(0));
  const short = Buffer.concat([last.data.subarray(0, at - 2), Buffer.from([0, 0]), last.data.subarray(at + 32)]);
  const cut = encodeMessage({ ...message, additionals: [{ ...last, data: short }] });
  expect(believed(cut, known, request.mac)).toBe(false);
});

function believed(bytes: Buffer, known: TsigKey, requestMac: Buffer): boolean {
  try {
    return isSignedBy(bytes, decodeMessage(bytes), known, requestMac);
  } catch {
    return false;
  }
}
