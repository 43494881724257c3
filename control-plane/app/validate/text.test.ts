import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineFault, referenceFault, textFault } from './text.ts';

const INVISIBLE = ['\0', '\u0007', '\u001b', '\u007f', '\u0085', '\u00ad', '\u200b', '\u200d', '\u200e', '\u202e'];
const INVISIBLE_TOO = ['\u2028', '\u2029', '\u2066', '\ufeff', '\ud800', '\udfff', '\u{e0041}'];
const odd = fc.constantFrom(...INVISIBLE, ...INVISIBLE_TOO);
const visible = fc.string({ unit: fc.constantFrom(...'aZ9 ;"\'$\\{}<>&#', 'é', '漢', '🚢'), maxLength: 50 });

it('takes what can be seen, whatever it means to some program', () => {
  fc.assert(
    fc.property(visible, (text) => {
      expect([lineFault(text, 50), textFault(text, 50)]).toEqual([undefined, undefined]);
    }),
  );
});

it('takes nothing that is invisible or turns the direction of text, wherever it stands', () => {
  fc.assert(
    fc.property(visible, odd, visible, (before, bad, after) => {
      const text = before + bad + after;
      for (const fault of [lineFault(text, 200), textFault(text, 200), referenceFault(text)]) {
        expect(fault).toMatch(/control or invisible/);
      }
    }),
  );
});

it('takes newlines in texts and not in lines', () => {
  expect(textFault('one\ntwo', 10)).toBeUndefined();
  expect(textFault('one\rtwo', 10)).toMatch(/control/);
  expect(lineFault('one\ntwo', 10)).toMatch(/control/);
});

it('counts characters as people do, not their halves', () => {
  expect(lineFault('🚢'.repeat(10), 10)).toBeUndefined();
  expect(lineFault('🚢'.repeat(11), 10)).toBe('must have at most 10 characters');
  expect(textFault('x'.repeat(1_000_000), 10)).toBe('must have at most 10 characters');
});

it('requires a reference', () => {
  expect(referenceFault('')).toBe('is required');
  expect(referenceFault('x'.repeat(321))).toMatch(/at most/);
});
