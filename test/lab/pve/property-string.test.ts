import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePropertyString, printPropertyString } from './property-string.ts';
import { propertyFormat } from './schema.ts';

const NET = propertyFormat('POST /nodes/{node}/lxc', 'net[n]');
const ROOTFS = propertyFormat('POST /nodes/{node}/lxc', 'rootfs');

describe('property strings', () => {
  test('print what they parse, names first and the rest in order', () => {
    const parsed = parsePropertyString(NET, 'ip=dhcp,bridge=vmbr0,firewall=yes,name=eth0');
    expect('ok' in parsed && printPropertyString(NET, parsed.ok)).toBe('name=eth0,bridge=vmbr0,firewall=1,ip=dhcp');
    const rootfs = parsePropertyString(ROOTFS, 'size=4G,local:8');
    expect('ok' in rootfs && printPropertyString(ROOTFS, rootfs.ok)).toBe('local:8,size=4G');
  });

  test('survive a round trip', () => {
    const net = fc.record(
      {
        name: fc.stringMatching(/^[-_.\w]{1,15}$/),
        bridge: fc.stringMatching(/^[-_.\w]{1,15}$/),
        ip: fc.ipV4().map((address) => `${address}/24`),
        tag: fc.integer({ min: 1, max: 4094 }).map(String),
      },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(net, (properties) => {
        expect(parsePropertyString(NET, printPropertyString(NET, properties))).toEqual({ ok: { ...properties } });
      }),
    );
  });

  test.each([
    ['name=eth0,name=eth1', 'duplicate key in comma-separated list property: name'],
    ['name=eth0,colour=red', 'invalid key in comma-separated list property: colour'],
    ['name=eth0,ip=', 'missing key in comma-separated list property'],
    ['zebra', 'value without key, but schema does not define a default key'],
  ])('refuse %s', (text, complaint) => {
    expect(parsePropertyString(NET, text)).toEqual({ text: complaint, errors: {} });
  });
});
