import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseParams } from './request.ts';

const form = (body: string): Record<string, unknown> =>
  parseParams(
    {
      method: 'PUT',
      url: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(body),
    },
    '',
  ).raw;

test('a well-made form comes back as it went in, whatever its values', () => {
  const fields = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fields, (values) => {
      expect(form(new URLSearchParams(values).toString())).toEqual({ ...values });
    }),
  );
});

test('a badly made form is read as PVE reads it', () => {
  expect(form('description=a;b&tags=x')).toEqual({ description: 'a', b: '', tags: 'x' });
  expect(form('features=nesting=1')).toEqual({ features: 'nesting' });
  expect(form('a=1&a=2')).toEqual({ a: ['1', '2'] });
  expect(form('name=gr%F6')).toEqual({ name: 'grö' });
});
