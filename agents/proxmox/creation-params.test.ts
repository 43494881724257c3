import { CommandFailureCode, CreateGuestSchema, GuestRefSchema } from '@berth/proto/agent/v1/command_pb.js';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkedRef, creationParams } from './creation-params.ts';
import { PveFailure } from './failure.ts';
import { isOurs, macOf } from './locate.ts';

const ref = { node: 'pve1', vmid: 201, hostname: 'web1', mac: '02:be:00:00:00:0a', containerId: 'ctr-1' };
const creation = { bridge: 'vmbr0', volumeStorage: 'local-lvm', imageStorage: 'local', diskGib: 4 };

const params = (refChange: Partial<typeof ref>, change: Partial<typeof creation>) =>
  creationParams(
    checkedRef(create(GuestRefSchema, { ...ref, ...refChange })),
    create(CreateGuestSchema, { ...creation, ...change }),
    'local:vztmpl/x.tar.zst',
  );

it('leaves features out unless nesting is asked for', () => {
  expect(params({}, {}).features).toBeUndefined();
});

it('is recognised as ours by what it puts into a guest', () => {
  const { description, net0 } = params({}, {});
  const config = { description: `${description}\n`, net0: String(net0) };
  expect(isOurs(config, ref)).toBe(true);
  expect(isOurs(config, { ...ref, containerId: 'ctr' })).toBe(false);
  expect(isOurs(config, { ...ref, mac: '02:be:00:00:00:0b' })).toBe(false);
  expect(isOurs({}, { ...ref, containerId: '' })).toBe(false);
});

it.each(['node', 'mac', 'containerId'] as const)('names a misshapen %s', (field) => {
  expect(() => params({ [field]: 'a,b' }, {})).toThrow(/cannot be one/);
  expect(() => params({ [field]: '' }, {})).toThrow(/cannot be one/);
});

it('keeps every string in its place, whatever it holds', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'a1,=:;\n\0"\'$ vmbr'), maxLength: 12 }),
    fc.constantFrom('vmbr0,ip=10.0.0.1/24', 'local:1,size=9', 'ctr-1\nberth:ctr-2', 'vmbr1', 'local'),
  );
  fc.assert(
    fc.property(text, text, text, text, (bridge, volumeStorage, containerId, mac) => {
      const given = attempt(() => params({ containerId, mac }, { bridge, volumeStorage }));
      if (!given) return;
      expect(String(given.net0).split(',')).toHaveLength(5);
      expect(macOf(String(given.net0))).toBe(mac.toLowerCase());
      expect(String(given.rootfs)).toMatch(/^[A-Za-z0-9_.-]+:4$/);
      expect(String(given.description).split('\n')).toHaveLength(2);
    }),
    { numRuns: 500 },
  );
});

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof PveFailure && error.code === CommandFailureCode.INVALID) return undefined;
    throw error;
  }
}
