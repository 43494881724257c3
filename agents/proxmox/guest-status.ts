import { type GuestStatus, GuestStatusSchema } from '@berth/proto/agent/v1/command_pb.js';
import { PowerState } from '@berth/proto/agent/v1/resource_pb.js';
import { create } from '@bufbuild/protobuf';
import { type GuestCurrent, interfacesAnswer, statusAnswer } from './answers.ts';
import type { GuestPlace } from './locate.ts';

/** Reads a guest's status and, when it runs, its addresses. */
export async function readStatus(place: GuestPlace): Promise<GuestStatus> {
  const current = await place.client.get(`${place.path}/status/current`, statusAnswer);
  const addresses = current.status === 'running' ? await readAddresses(place) : [];
  return toStatus(place.node, current, addresses);
}

/** The addresses a guest shows, without loopback and link-local ones; empty for one that is stopped or missing. */
export async function readAddresses(place: GuestPlace): Promise<string[]> {
  const interfaces = (await place.client.get(`${place.path}/interfaces`, interfacesAnswer)) ?? [];
  const found = interfaces
    .filter(({ name }) => name !== 'lo')
    .flatMap((each) => [
      ...(each['ip-addresses'] ?? []).map((address) => address['ip-address']),
      ...[each.inet, each.inet6].flatMap((address) => (address === undefined ? [] : [address])),
    ])
    .map((address) => address.replace(/\/.*$/, ''))
    .filter((address) => !/^fe80:/i.test(address));
  return [...new Set(found)];
}

/** PVE's words for a guest as ours. */
export function toStatus(node: string, current: GuestCurrent, addresses: string[]): GuestStatus {
  return create(GuestStatusSchema, {
    node,
    vmid: current.vmid,
    exists: true,
    power: current.status === 'running' ? PowerState.RUNNING : PowerState.STOPPED,
    lock: current.lock ?? '',
    uptimeSeconds: BigInt(Math.max(0, Math.floor(current.uptime ?? 0))),
    memoryBytes: BigInt(Math.max(0, Math.floor(current.mem ?? 0))),
    cpu: current.cpu ?? 0,
    addresses,
  });
}

/** The status of a guest that is not there. */
export function missingStatus(node: string, vmid: number): GuestStatus {
  return create(GuestStatusSchema, { node, vmid, exists: false, power: PowerState.STOPPED });
}
