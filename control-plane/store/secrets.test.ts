import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretBox } from './secrets.ts';

const box = createSecretBox(randomBytes(32));

describe('secret box', () => {
  it('opens what it sealed, and never seals twice alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, context) => {
        const sealed = box.seal(plain, context);
        expect(box.open(sealed, context)).toBe(plain);
        expect(Buffer.compare(sealed, box.seal(plain, context))).not.toBe(0);
      }),
    );
  });

  it('does not open in another row, with another key, or changed anywhere', () => {
    const sealed = box.seal('secret', 'nodes.token_secret:nod-1');
    expect(() => box.open(sealed, 'nodes.token_secret:nod-2')).toThrow();
    expect(() => createSecretBox(randomBytes(32)).open(sealed, 'nodes.token_secret:nod-1')).toThrow();
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
      expect(() => box.open(changed, 'nodes.token_secret:nod-1')).toThrow();
    }
    expect(() => box.open(sealed.subarray(0, 20), 'nodes.token_secret:nod-1')).toThrow();
  });

  it('refuses a key that is too short', () => {
    expect(() => createSecretBox(randomBytes(31))).toThrow('32 bytes');
  });
});
