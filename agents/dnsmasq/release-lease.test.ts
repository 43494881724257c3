import { expect, it } from 'vitest';
import { interfaceOf } from './release-lease.ts';

const interfaces = {
  lo: [{ address: '127.0.0.1', netmask: '255.0.0.0' }],
  mgmt0: [{ address: '10.65.0.3', netmask: '255.255.255.0' }],
  lan0: [
    { address: 'fe80::1', netmask: 'ffff:ffff:ffff:ffff::' },
    { address: '10.64.0.1', netmask: '255.255.252.0' },
  ],
};

it.each([
  ['10.64.3.9', 'lan0'],
  ['10.65.0.77', 'mgmt0'],
  ['10.64.4.1', undefined],
  ['not an address', undefined],
])('finds the interface whose network holds %s', (address, name) => {
  expect(interfaceOf(address, interfaces)).toBe(name);
});
