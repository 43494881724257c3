import type { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { expect } from 'vitest';

/** The guest of the tests. */
export const guest = { node: 'pve1', vmid: 201, hostname: 'web1', mac: '02:be:00:00:00:01', containerId: 'ctr-1' };
/** How it is created. */
export const creation = {
  guest,
  template: 'debian-12',
  cores: 2,
  memoryMib: 256,
  swapMib: 0,
  diskGib: 4,
  imageStorage: 'local',
  volumeStorage: 'local-lvm',
  bridge: 'vmbr0',
  onBoot: true,
  unprivileged: true,
  nesting: true,
};
/** Commands for it. */
export const createIt = { case: 'createGuest', value: creation } as const;
export const startIt = { case: 'startGuest', value: { guest } } as const;
export const stopIt = { case: 'stopGuest', value: { guest, graceSeconds: 5 } } as const;
export const deleteIt = { case: 'deleteGuest', value: { guest, graceSeconds: 5 } } as const;
export const inspectIt = { case: 'inspectGuest', value: { guest } } as const;

/** What a command that failed answers. */
export function failed(code: CommandFailureCode, message: RegExp) {
  return { ok: false, code, message: expect.stringMatching(message) };
}
