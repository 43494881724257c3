import { hostileText, lookAlikesOf, spoiled } from '@berth/test/support/hostile.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bridgeFault,
  domainFault,
  hostnameFault,
  pveNameFault,
  storageFault,
  templateFault,
  usernameFault,
} from './names.ts';

const ALNUM = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
const end = fc.constantFrom(...ALNUM);
const middle = fc.string({ unit: fc.constantFrom(...ALNUM, '-'), maxLength: 61 });
const label = fc.oneof(
  end,
  fc.tuple(end, middle, end).map((parts) => parts.join('')),
);
const domain = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.constantFrom('lab', 'internal', 'x2', 'xn--p1ai'))
  .map(([labels, last]) => [...labels, last].join('.'))
  .filter((name) => name.length <= 253);

/** Each kind of name with one that is right. */
const KINDS: [string, (name: string) => string | undefined, string][] = [
  ['host name', hostnameFault, 'web-1'],
  ['domain', domainFault, 'web-1.apps.lab'],
  ['login name', usernameFault, 'ioana_s-1'],
  ['PVE name', pveNameFault, 'pve-1'],
  ['storage', storageFault, 'local-zfs.1'],
  ['bridge', bridgeFault, 'vmbr0.10'],
  ['template', templateFault, 'local:vztmpl/debian-12_1.tar.zst'],
];

describe.each(KINDS)('a %s', (_, fault, right) => {
  it('is taken when right', () => {
    expect(fault(right)).toBeUndefined();
  });

  it('is required', () => {
    expect(fault('')).toBe('is required');
  });

  it('is refused when it holds anything hostile, at its ends or inside', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, spoiled(right)), (text) => {
        expect(fault(text)).toBeTypeOf('string');
      }),
    );
  });

  it('is refused in letters that only look right', () => {
    fc.assert(
      fc.property(lookAlikesOf(right), (text) => {
        expect(fault(text)).toBeTypeOf('string');
      }),
    );
  });

  it('is refused when endless, and at once', () => {
    expect(fault('a'.repeat(1_000_000))).toBeTypeOf('string');
    expect(fault('a-'.repeat(500_000))).toBeTypeOf('string');
    expect(fault('a.'.repeat(500_000))).toBeTypeOf('string');
  });
});

describe('a host name', () => {
  it('is any label', () => {
    fc.assert(
      fc.property(label, (name) => {
        expect(hostnameFault(name)).toBeUndefined();
      }),
    );
  });

  it.each(['a.b', 'web1.', '-a', 'a-', 'WEB1', 'a_b', 'a'.repeat(64), '*'])('is not %j', (name) => {
    expect(hostnameFault(name)).toMatch(/lower-case letters/);
  });
});

describe('a domain', () => {
  it('is labels of which the last is no number, punycode included', () => {
    fc.assert(
      fc.property(domain, (name) => {
        expect(domainFault(name)).toBeUndefined();
      }),
    );
    expect(domainFault('xn--bcher-kva.example')).toBeUndefined();
  });

  it('has at most 253 characters, and 63 in a label', () => {
    const long = 'x'.repeat(63);
    const most = `${long}.${long}.${long}.${'y'.repeat(61)}`;
    expect(domainFault(most)).toBeUndefined();
    expect(domainFault(`${most}y`)).toMatch(/lower-case DNS name/);
    expect(domainFault(`${long}x.lab`)).toMatch(/lower-case DNS name/);
  });

  it('has no empty label, no dot at its end and no label with a hyphen at its ends', () => {
    const wrong = domain.chain((name) => {
      const bad = [`${name}.`, `.${name}`, name.replace('.', '..'), `-${name}`, `${name}-`, name.replace('.', '-.')];
      return fc.constantFrom(...bad, `*.${name}`, `_${name}`, name.toUpperCase());
    });
    fc.assert(
      fc.property(wrong, (name) => {
        expect(domainFault(name)).toBeTypeOf('string');
      }),
    );
  });

  it('is not an address, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(domainFault(address)).toBeTypeOf('string');
      }),
    );
    for (const text of ['1.2', 'a.1', 'a.0x1', '0x7f.0x1', 'a.09', '127.1', 'localhost']) {
      expect(domainFault(text), text).toBeTypeOf('string');
    }
  });
});

it.each(['../etc', 'local:vztmpl/../x', 'local:vztmpl/a/b', 'local:iso/x', ':vztmpl/x', '/x', '.x', 'http://x/y'])(
  'takes no template %j',
  (name) => {
    expect(templateFault(name)).toBeTypeOf('string');
  },
);

it.each(['1abc', '-a', '.a', 'Root', 'a b', 'a'.repeat(33), 'a$'])('takes no login name %j', (name) => {
  expect(usernameFault(name)).toBeTypeOf('string');
});
