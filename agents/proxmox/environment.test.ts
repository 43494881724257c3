import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergedEnvironment } from './environment.ts';

it("sets variables and leaves the image's own alone", () => {
  const before = 'PATH=/usr/bin:/bin\0GREETING=one=1\0EMPTY=';
  const after = mergedEnvironment(before, [
    { name: 'BERTH_URL', value: 'https://berth.example:8443' },
    { name: 'GREETING', value: 'two words' },
  ]);
  expect(after.split('\0')).toEqual([
    'PATH=/usr/bin:/bin',
    'GREETING=two words',
    'EMPTY=',
    'BERTH_URL=https://berth.example:8443',
  ]);
  expect(mergedEnvironment(undefined, [{ name: 'A', value: '' }])).toBe('A=');
});

it('comes to the same when it is done again', () => {
  const variable = fc.record({
    name: fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/),
    value: fc.stringMatching(/^[ -~]{0,9}$/),
  });
  fc.assert(
    fc.property(fc.array(variable), fc.array(variable), (image, ours) => {
      const before = mergedEnvironment(undefined, image);
      const once = mergedEnvironment(before, ours);
      expect(mergedEnvironment(once, ours)).toBe(once);
    }),
  );
});

it.each([
  ['a line break', { name: 'A', value: 'x\nlxc.hook.start = /bin/sh' }],
  ['a NUL', { name: 'A', value: 'x\0B=y' }],
  ['an equals sign in the name', { name: 'A=B', value: 'x' }],
  ['an empty name', { name: '', value: 'x' }],
])('refuses %s and keeps the value to itself', (_what, variable) => {
  expect(() => mergedEnvironment('', [variable])).toThrow(/cannot be set/);
  expect(() => mergedEnvironment('', [variable])).not.toThrow(/lxc\.hook/);
});
