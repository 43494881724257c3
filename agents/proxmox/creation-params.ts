import { CommandFailureCode, type CreateGuest, type GuestRef } from '@berth/proto/agent/v1/command_pb.js';
import type { PveParams } from './client.ts';
import { PveFailure } from './failure.ts';
import { ownershipMark } from './locate.ts';

/**
 * What becomes part of a property string or of the mark of ownership has to have its shape before it gets there: a
 * comma in a bridge's name would be another property. Everything else is a parameter of its own, and PVE judges it.
 */
const SHAPES = {
  node: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
  mac: /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i,
  container_id: /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
  bridge: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/,
  volume_storage: /^[A-Za-z][A-Za-z0-9_.-]*$/,
  image_storage: /^[A-Za-z][A-Za-z0-9_.-]*$/,
};

/** The reference of a command. @throws PveFailure INVALID naming each field that is missing or misshapen */
export function checkedRef(ref: GuestRef | undefined): GuestRef {
  if (!ref) throw new PveFailure(CommandFailureCode.INVALID, 'guest: is missing');
  const wrong = misshapen({ node: ref.node, mac: ref.mac, container_id: ref.containerId });
  if (ref.vmid < 100 || ref.vmid > 999_999_999) wrong.push('vmid: must be 100–999999999');
  refuse(wrong);
  return ref;
}

/** The parameters of `POST /nodes/{node}/lxc`. @throws PveFailure INVALID naming each field that is misshapen */
export function creationParams(ref: GuestRef, task: CreateGuest, template: string): PveParams {
  const { bridge, volumeStorage, imageStorage } = task;
  refuse(misshapen({ bridge, volume_storage: volumeStorage, image_storage: imageStorage }));
  return {
    vmid: ref.vmid,
    ostemplate: template,
    hostname: ref.hostname,
    cores: task.cores,
    memory: task.memoryMib,
    swap: task.swapMib,
    rootfs: `${volumeStorage}:${task.diskGib}`,
    net0: `name=eth0,bridge=${bridge},hwaddr=${ref.mac.toUpperCase()},ip=dhcp,type=veth`,
    description: `Managed by Berth: changes by hand may be undone.\n${ownershipMark(ref.containerId)}`,
    tags: 'berth',
    onboot: Number(task.onBoot),
    unprivileged: Number(task.unprivileged),
    // A token may set nesting and nothing else, and an empty value is refused.
    features: task.nesting ? 'nesting=1' : undefined,
  };
}

function misshapen(fields: Partial<Record<keyof typeof SHAPES, string>>): string[] {
  return Object.entries(fields)
    .filter(([name, value]) => !SHAPES[name as keyof typeof SHAPES].test(value))
    .map(([name, value]) => `${name}: ${JSON.stringify(value.slice(0, 80))} cannot be one`);
}

function refuse(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new PveFailure(CommandFailureCode.INVALID, wrong.join('; '));
}
