import { expect, test } from 'vitest';
import { missingLines } from './blocks.ts';

test('lines are looked for in order, with anything in place of an ellipsis', () => {
  expect(missingLines('NAME STATE\nweb1 …\n…', 'NAME   STATE\nweb0 stopped\nweb1   running\n')).toEqual([]);
  expect(missingLines('b\na', 'a\nb\n')).toEqual(['a']);
  expect(missingLines('web', 'web1')).toEqual(['web']);
});
