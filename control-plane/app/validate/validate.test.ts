import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFault, ipv4Fault, ipv4Number, networkFault, parseNetwork } from './addresses.ts';
import { domainFault, hostnameFault, templateFault, usernameFault } from './names.ts';
import { apiUrlFault, tokenIdFault } from './pve.ts';
import { lineFault, textFault } from './text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 80 });

describe('names', () => {
  it.each([hostnameFault, domainFault, usernameFault, templateFault, tokenIdFault, apiUrlFault])(
    '%o lets only printable ASCII without quotes, blanks and braces pass',
    (fault) => {
      fc.assert(
        fc.property(anyText, (text) => {
          expect(fault(text) === undefined && !/^[\w.:/!@[\]+-]+$/.test(text)).toBe(false);
        }),
        { numRuns: 500 },
      );
    },
  );

  it('take every DNS label and refuse it one character too long', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    fc.assert(fc.property(label, (text) => hostnameFault(text) === undefined));
    expect(hostnameFault('a'.repeat(64))).toBeDefined();
  });

  it('refuse look-alikes of right ones', () => {
    for (const name of ['аpps', 'ａpps', 'apps\u200b', 'ap\u0440s']) {
      expect(hostnameFault(name)).toBeDefined();
      expect(domainFault(`${name}.lab`)).toBeDefined();
    }
  });
});

describe('addresses', () => {
  it('number every IPv4 address in its order', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(ipv4Fault(address)).toBeUndefined();
        const number = ipv4Number(address);
        expect([24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')).toBe(address);
      }),
    );
  });

  it('take canonical IPv6 and no zone', () => {
    expect(addressFault('fd00::1')).toBeUndefined();
    expect(addressFault('fe80::1%eth0')).toBeDefined();
  });

  it.each([
    ['10.64.0.0/22', undefined],
    ['127.0.0.0/8', undefined],
    ['10.64.0.1/22', 'host bits'],
    ['8.8.8.0/24', 'private'],
    ['172.16.0.0/8', 'host bits'],
    ['10.0.0.0/30', 'between'],
    ['10.64.0.0', 'network such as'],
  ])('judge the network %s', (network, fault) => {
    if (fault === undefined) expect(networkFault(network)).toBeUndefined();
    else expect(networkFault(network)).toContain(fault);
  });

  it('know the bounds of a network', () => {
    expect(parseNetwork('10.64.0.0/22')).toEqual({
      first: ipv4Number('10.64.0.0'),
      last: ipv4Number('10.64.3.255'),
      prefix: 22,
    });
  });
});

describe('free text', () => {
  it('holds no control characters, but lines where there may be several', () => {
    expect(lineFault('a\nb', 10)).toBeDefined();
    expect(textFault('a\nb', 10)).toBeUndefined();
    for (const bad of ['\0', '\u0007', '\u202e', '\u200b', '\r']) expect(textFault(`a${bad}b`, 10)).toBeDefined();
  });

  it('is measured in characters', () => {
    expect(lineFault('😀'.repeat(10), 10)).toBeUndefined();
    expect(lineFault('😀'.repeat(11), 10)).toBeDefined();
  });
});
