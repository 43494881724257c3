import { isIPv6 } from 'node:net';
import { hostileText, lookAlikesOf, spoiled } from '@berth/test/support/hostile.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFault, hostFault, hostOf, ipv4Fault, ipv4Number, networkFault, parseNetwork } from './addresses.ts';

const dotted = (number: number) => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
const any = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const KINDS: [string, (text: string) => string | undefined, string][] = [
  ['IPv4 address', ipv4Fault, '10.64.0.1'],
  ['network', networkFault, '10.64.0.0/22'],
  ['address', addressFault, 'fd00::10.64.0.1'],
  ['host', hostFault, '10.64.0.1'],
];

describe.each(KINDS)('an %s', (_, fault, right) => {
  it('is taken when right', () => {
    expect(fault(right)).toBeUndefined();
  });

  it('is refused when empty, spoiled, hostile, endless or a look-alike', () => {
    const wrong = fc.oneof(fc.constant(''), hostileText, spoiled(right), lookAlikesOf(right));
    fc.assert(
      fc.property(wrong, (text) => {
        expect(fault(text)).toBeTypeOf('string');
      }),
    );
    expect(fault('1.'.repeat(500_000))).toBeTypeOf('string');
    expect(fault(':'.repeat(1_000_000))).toBeTypeOf('string');
  });
});

describe('an IPv4 address', () => {
  it('is every number from 0 to 2^32 - 1, written in one way only', () => {
    fc.assert(
      fc.property(any, (number) => {
        expect(ipv4Fault(dotted(number))).toBeUndefined();
        expect(ipv4Number(dotted(number))).toBe(number);
        expect(ipv4Fault(String(number))).toBeTypeOf('string');
        expect(ipv4Fault(`0x${number.toString(16)}`)).toBeTypeOf('string');
        expect(ipv4Fault(`0${dotted(number)}`)).toBeTypeOf('string');
      }),
    );
  });

  it.each(['256.0.0.1', '1.2.3', '1.2.3.4.5', '1.2.3.4.', '.1.2.3.4', '1..2.3', '1.2.3.-4', '1.2.3.4e0', '+1.2.3.4'])(
    'is not %j',
    (text) => {
      expect(ipv4Fault(text)).toMatch(/must be an IPv4 address/);
    },
  );
});

describe('an address of either family', () => {
  it('is every IPv6 address in lower case', () => {
    const ipv6 = fc.ipV6().map((text) => text.toLowerCase());
    fc.assert(
      fc.property(ipv6, (text) => {
        expect(addressFault(text)).toBeUndefined();
      }),
    );
  });

  it('is what the system takes for one, too', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123abcf:.'), maxLength: 20 });
    fc.assert(
      fc.property(text, (each) => {
        if (addressFault(each) === undefined) expect(isIPv6(each) || ipv4Fault(each) === undefined).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(['fe80::1%eth0', '[::1]', 'FD00::1', '::1/64', '1::2::3', ':::', '12345::', '::g'])('is not %j', (text) => {
    expect(addressFault(text)).toBeTypeOf('string');
  });
});

describe('a network', () => {
  const privateOne = fc.tuple(fc.integer({ min: 8, max: 29 }), any).map(([prefix, number]) => {
    const within = 10 * 2 ** 24 + (number % 2 ** 24);
    return `${dotted(within - (within % 2 ** (32 - prefix)))}/${prefix}`;
  });

  it('is private, from /8 to /29, and its bounds are those of its prefix', () => {
    fc.assert(
      fc.property(privateOne, (text) => {
        expect(networkFault(text)).toBeUndefined();
        const network = parseNetwork(text) ?? { first: 0, last: 0, prefix: 0 };
        expect(network.last - network.first + 1).toBe(2 ** (32 - network.prefix));
        expect([network.first, network.last].map((each) => hostOf(network, dotted(each)))).toEqual([false, false]);
        expect([network.first + 1, network.last - 1].map((each) => hostOf(network, dotted(each)))).toEqual([
          true,
          true,
        ]);
        expect(hostOf(network, dotted(network.last + 1))).toBe(false);
      }),
    );
  });

  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/33', '10.0.0.0/-8', '10.0.0.0/24/24', '10.0.0.0/2e1'])(
    'is not %j',
    (text) => {
      expect(networkFault(text)).toMatch(/must be an IPv4 network/);
    },
  );

  it.each([
    ['10.0.0.0/7', /between/],
    ['10.0.0.0/30', /between/],
    ['10.64.0.1/22', /host bits/],
    ['8.8.8.0/24', /private/],
    ['0.0.0.0/8', /private/],
    ['192.168.0.0/15', /private/],
    ['192.0.0.0/8', /private/],
    ['169.254.0.0/16', /private/],
    ['224.0.0.0/8', /private/],
  ])('is not %j', (text, reason) => {
    expect(networkFault(text)).toMatch(reason);
  });
});

it('takes a host by address or name, but not by what could be either', () => {
  for (const text of ['::1', '10.0.0.1', 'router', 'router.lab']) expect(hostFault(text), text).toBeUndefined();
  for (const text of ['10.0.0.256', '1.2.3.4.5', 'router.', 'router.lab:53', 'http://x']) {
    expect(hostFault(text), text).toBeTypeOf('string');
  }
});
