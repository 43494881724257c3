import { hostileText, MARK, spoiled } from '@berth/test/support/hostile.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  basicAuthNameFault,
  basicAuthPasswordFault,
  headerNameFault,
  headerValueFault,
  healthPathFault,
  normalPath,
  pathFault,
} from './http.ts';

/** What a kind is called, what judges it, what is right, and what of the hostile texts happens to be right as well. */
const KINDS: [string, (text: string) => string | undefined, string[], RegExp?][] = [
  ['path', pathFault, ['/api', '/api/v1.2', '/~ada/a:b', `/${'a'.repeat(100)}`]],
  ['path to ask for', healthPathFault, ['/', '/healthz', '/live/'], new RegExp(`^/${MARK}/$`)],
  ['header name', headerNameFault, ['X-Frame-Options', 'content_type']],
  ['name at the ingress', basicAuthNameFault, ['ada', 'ada@example.org'], new RegExp(`^[a-z0-9.]*@${MARK}@$`)],
];

describe.each(KINDS)('a %s', (_, fault, right, harmless) => {
  it('is taken when right', () => {
    for (const text of right) expect(fault(text), text).toBeUndefined();
  });

  it('is refused when empty, spoiled, hostile or endless', () => {
    const hostile = hostileText.filter((text) => !harmless?.test(text));
    const wrong = fc.oneof(fc.constant(''), hostile, spoiled(right[0] ?? ''));
    fc.assert(
      fc.property(wrong, (text) => {
        expect(fault(text)).toBeTypeOf('string');
      }),
    );
    expect(fault(`/${'a'.repeat(1_000_000)}`)).toBeTypeOf('string');
  });
});

it.each([
  'api',
  '/',
  '//',
  '/a//b',
  '/a/',
  '/./a',
  '/a/..',
  '/a%2f',
  '/a$b',
  '/.well-known/acme-challenge',
  '/.berth/x',
])('refuses the path %s', (path) => expect(pathFault(path)).toBeTypeOf('string'));

it('keeps paths without a slash at their end', () => {
  expect(['', '/', '/api/', '/api'].map(normalPath)).toEqual(['/', '/', '/api', '/api']);
});

it.each(['Host', 'CONTENT-LENGTH', 'Connection', 'Transfer-Encoding', 'X-Forwarded-For', 'X-User', 'X-Accel-Redirect'])(
  'leaves the header %s to the ingress',
  (name) => expect(headerNameFault(name)).toBe('is set by the ingress itself'),
);

it('takes values of headers that are mere text', () => {
  for (const value of ['', 'DENY', "default-src 'self'; img-src *", 'max-age=5, "x"']) {
    expect(headerValueFault(value), value).toBeUndefined();
  }
  for (const value of ['$host', 'a\\', `"'`, ' a', 'a ', 'a\nb', 'ä', 'x'.repeat(1_001)]) {
    expect(headerValueFault(value), value).toBeTypeOf('string');
  }
});

it('takes passwords of 8 to 128 characters', () => {
  for (const password of ['six gulls', 'ünïcödé!', 'x'.repeat(128)])
    expect(basicAuthPasswordFault(password)).toBeUndefined();
  for (const password of ['short', 'x'.repeat(129), 'six\ngulls', 'six\0gulls']) {
    expect(basicAuthPasswordFault(password)).toBeTypeOf('string');
  }
});
