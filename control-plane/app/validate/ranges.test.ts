import { hostileText, spoiled } from '@berth/test/support/hostile.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cidrFault, proxyFault } from './ranges.ts';

it.each(['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', '2001:db8::/32', '::/0', 'fe80::1/128', '10.64.0.0/10'])(
  'takes the range %s',
  (text) => expect(cidrFault(text)).toBeUndefined(),
);

it.each(['10.0.0.1/8', '10.0.0.0/33', '10.0.0.0', '10.0.0.0/08', '2001:db8::1/32', '::/129', '::ffff:10.0.0.0/104'])(
  'refuses the range %s',
  (text) => expect(cidrFault(text)).toBeTypeOf('string'),
);

it('refuses what is empty, spoiled, hostile or endless', () => {
  const wrong = fc.oneof(fc.constant(''), hostileText, spoiled('10.0.0.0/8'), spoiled('2001:db8::/32'));
  fc.assert(
    fc.property(wrong, (text) => {
      expect(cidrFault(text)).toBeTypeOf('string');
    }),
  );
  expect(cidrFault(`10.0.0.0/${'8'.repeat(1_000_000)}`)).toBeTypeOf('string');
});

it('believes an address or a range before the ingress, and never everybody', () => {
  for (const text of ['10.0.0.5', '2001:db8::5', '10.0.0.0/28']) expect(proxyFault(text)).toBeUndefined();
  for (const text of ['', '0.0.0.0/0', '::/0', '10.0.0.1/28', 'proxy.example', '::ffff:10.0.0.1']) {
    expect(proxyFault(text)).toBeTypeOf('string');
  }
});
