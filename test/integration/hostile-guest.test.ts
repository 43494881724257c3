/** Hostile strings in what a guest is made from, with the PVE simulator (held to a real node's schema) as judge. */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostileText } from '../support/hostile.ts';
import { createPveWorld, execute, type PveWorld } from './proxmox-world.ts';

const guest = { node: 'pve1', vmid: 201, hostname: 'web1', mac: '02:be:00:00:00:01', containerId: 'ctr-1' };
const creation = {
  guest,
  template: 'debian-12',
  cores: 1,
  memoryMib: 128,
  swapMib: 0,
  diskGib: 1,
  imageStorage: 'local',
  volumeStorage: 'local-lvm',
  bridge: 'vmbr0',
};

/** Commands with one field that a person filled in wrongly. */
const hostileCreation = fc.oneof(
  hostileText.map((hostname) => ({ ...creation, guest: { ...guest, hostname } })),
  hostileText.map((template) => ({ ...creation, template })),
  hostileText.map((imageStorage) => ({ ...creation, imageStorage })),
  hostileText.map((volumeStorage) => ({ ...creation, volumeStorage })),
  hostileText.map((bridge) => ({ ...creation, bridge })),
  hostileText.map((node) => ({ ...creation, guest: { ...guest, node } })),
  hostileText.map((mac) => ({ ...creation, guest: { ...guest, mac } })),
);

let world: PveWorld;
beforeAll(async () => {
  world = await createPveWorld();
  await world.apply(world.node('pve1'));
});
afterAll(() => world.close());

it('makes no guest of hostile strings, says why, and makes the right one afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(hostileCreation, async (value) => {
      const outcome = await execute(world, { case: 'createGuest', value });
      expect(outcome).toMatchObject({ ok: false, message: expect.stringMatching(/./) });
      expect(await world.byHand('GET', '/nodes/pve1/lxc')).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(await execute(world, { case: 'createGuest', value: creation })).toMatchObject({ ok: true });
  expect(await world.byHand('GET', '/nodes/pve1/lxc/201/config')).toMatchObject({ hostname: 'web1' });
});
