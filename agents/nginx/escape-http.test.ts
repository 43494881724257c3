import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerName, headerValue, network, pathPrefix } from './escape-http.ts';

test('a network is written with no bit behind its prefix, and holds the same addresses', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 128 }), (text, bits): void => {
      const family = text.includes(':') ? 'ipv6' : 'ipv4';
      const written = network(`${text}/${bits}`);
      if (family === 'ipv4' && bits > 32) {
        expect(written).toBeUndefined();
        return;
      }
      const [base = '', length] = (written ?? '').split('/');
      expect(Number(length)).toBe(bits);
      const list = new BlockList();
      list.addSubnet(base, bits, family);
      expect(list.check(text, family)).toBe(true);
      expect(network(written ?? '')).toBe(written);
    }),
    { numRuns: 500 },
  );
});

test('networks of both kinds, and single addresses', () => {
  expect(network('10.1.2.3/8')).toBe('10.0.0.0/8');
  expect(network('192.0.2.7')).toBe('192.0.2.7');
  expect(network('0.0.0.0/0')).toBe('0.0.0.0/0');
  expect(network('2001:db8:ffff::1/33')).toBe('2001:db8:8000::/33');
  expect(network('::/0')).toBe('::/0');
  expect(network('::ffff:192.0.2.1')).toBe('::ffff:c000:201');
});

test.for(['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8', 'fe80::1%eth0', '::/129', 'all', '10.0.0.0/+8'])(
  '%j is no network',
  (text) => expect(network(text)).toBeUndefined(),
);

test('a prefix is whole plain segments', () => {
  for (const path of ['', '/']) expect(pathPrefix(path)).toBe('');
  for (const path of ['/api', '/a/b.c/~d', '/@scope/v1+2']) expect(pathPrefix(path)).toBe(path);
  expect(pathPrefix('/api/')).toBe('/api');
  for (const path of ['api', '//a', '/a//b', '/..', '/a/../b', '/.', '/a b', '/%2e', '/a?b', '/a;b', '/{', '/ä']) {
    expect(pathPrefix(path)).toBeUndefined();
  }
});

test('a value of a header comes in quotes that do not occur in it', () => {
  expect(headerValue("default-src 'self'; x")).toBe(`"default-src 'self'; x"`);
  expect(headerValue('{"group":"a"}')).toBe(`'{"group":"a"}'`);
  for (const text of ['', `both ' and "`, 'a$b', 'a\\b', 'a\nb', 'ä', 'x'.repeat(4001)]) {
    expect(headerValue(text)).toBeUndefined();
  }
});

test('a name of a header has none of nginx’s special characters', () => {
  for (const name of ['X-Team', 'x_1', 'A.b']) expect(headerName(name)).toBe(name);
  for (const name of ['', 'X Y', 'X:', 'X;', '#x', '$x', '"x"', '{', 'x\n', 'ä', 'x'.repeat(65)]) {
    expect(headerName(name)).toBeUndefined();
  }
});
