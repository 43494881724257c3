import { expect, it } from 'vitest';
import { formatServer, isServerAddress, parseServer } from './server-address.ts';

it.each([
  ['ns1.example.org', { host: 'ns1.example.org', port: 53 }],
  ['ns1.example.org:5353', { host: 'ns1.example.org', port: 5353 }],
  ['192.0.2.1', { host: '192.0.2.1', port: 53 }],
  ['192.0.2.1:5300', { host: '192.0.2.1', port: 5300 }],
  ['2001:db8::1', { host: '2001:db8::1', port: 53 }],
  ['[2001:db8::1]:5300', { host: '2001:db8::1', port: 5300 }],
])('reads %s', (text, server) => {
  expect(parseServer(text)).toEqual(server);
  expect(parseServer(formatServer(server))).toEqual(server);
});

it.each([
  '',
  ':53',
  'a:0',
  'a:65536',
  'a b',
  '192.0.2.256',
  '1.2.3',
  '[192.0.2.1]:53',
  '[::1',
  'http://a',
  '-a.b',
  'a:b:53',
])('takes %j for no server', (text) => {
  expect(parseServer(text)).toBeUndefined();
});

it('knows addresses from names', () => {
  expect(['192.0.2.1', '[::1]:53', 'ns1.example.org'].map(isServerAddress)).toEqual([true, true, false]);
});
