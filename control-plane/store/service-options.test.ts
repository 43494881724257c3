import { expect, it } from 'vitest';
import { DEFAULT_OPTIONS, readServiceOptions, serviceOptionsColumn } from './service-options.ts';

it('keeps only what differs from the defaults, and gives all of it back', () => {
  expect(serviceOptionsColumn(DEFAULT_OPTIONS)).toBeNull();
  expect(readServiceOptions(null)).toEqual(DEFAULT_OPTIONS);
  const signIn = { require: 'groups' as const, groups: ['grp-1'], openPaths: ['/hooks'] };
  const wanted = { ...DEFAULT_OPTIONS, gzip: true, deny: ['10.0.0.0/8'], signIn };
  const column = serviceOptionsColumn(wanted);
  expect(column).toBe(JSON.stringify({ deny: ['10.0.0.0/8'], gzip: true, signIn }));
  expect(readServiceOptions(column)).toEqual(wanted);
});

it.each(['', 'x', '[]', '{"gzip":"yes"}', '{"unheardOf":true}', '{"signIn":{"require":"whoever"}}'])(
  'refuses a column of %s',
  (column) => expect(() => readServiceOptions(column)).toThrow(),
);
