import { CommandFailureCode, type GuestRef } from '@berth/proto/agent/v1/command_pb.js';
import { configAnswer, type GuestConfig, resourcesAnswer } from './answers.ts';
import type { PveApi } from './client.ts';
import { isFailure, PveFailure } from './failure.ts';
import type { NodeSet } from './nodes.ts';

/** Where a guest is and whether it is ours. While it is being created PVE shows nothing it could be told by. */
export type Found =
  | { state: 'missing' }
  | { state: 'creating' | 'ours' | 'foreign'; place: GuestPlace; config: GuestConfig };

/** A guest's place in the API. */
export interface GuestPlace {
  client: PveApi;
  node: string;
  vmid: number;
  /** Path of the guest. */
  path: string;
}

/** The line of a description that marks a guest as the container's. */
export function ownershipMark(containerId: string): string {
  return `berth:${containerId}`;
}

/**
 * Whether a guest is provably the container's: its description bears the container's id and net0 the hardware address
 * that was reserved for it. A clone has another address, a stranger on the same VMID neither. The host name proves
 * nothing more, since its owner may change it.
 */
export function isOurs(config: GuestConfig, ref: Pick<GuestRef, 'containerId' | 'mac'>): boolean {
  const marked = (config.description ?? '').split('\n').includes(ownershipMark(ref.containerId));
  return ref.containerId !== '' && marked && macOf(config.net0) === ref.mac.toLowerCase();
}

/** The hardware address in a net0 property string, lower-case, or undefined. */
export function macOf(net0: string | undefined): string | undefined {
  return /(?:^|,)hwaddr=([^,]+)/.exec(net0 ?? '')?.[1]?.toLowerCase();
}

/** The place of a VMID on a node. */
export function placeOf(client: PveApi, node: string, vmid: number): GuestPlace {
  return { client, node, vmid, path: `/nodes/${encodeURIComponent(node)}/lxc/${vmid}` };
}

/**
 * Looks for a guest on its node, and where the cluster says it is when it is not there: a guest that moved is not a
 * guest that is gone.
 */
export async function findGuest(nodes: NodeSet, ref: GuestRef): Promise<Found> {
  const here = await look(placeOf(nodes.client(ref.node), ref.node, ref.vmid), ref);
  if (here.state !== 'missing') return here;
  const node = await nodeOf(nodes.client(ref.node), ref.vmid);
  if (node === undefined || node === ref.node) return here;
  return look(placeOf(nodes.clientFor(node, ref.node), node, ref.vmid), ref);
}

/** The node that has this container now, as the cluster knows it, or undefined. */
export async function nodeOf(client: PveApi, vmid: number): Promise<string | undefined> {
  const resources = await client.get('/cluster/resources', resourcesAnswer, { type: 'vm' });
  return resources.find((resource) => resource.type === 'lxc' && resource.vmid === vmid)?.node;
}

/** The place of a guest that is ours. @throws PveFailure NOT_FOUND, NOT_OURS, or LOCKED while it is being created. */
export async function requireOurs(nodes: NodeSet, ref: GuestRef): Promise<{ place: GuestPlace; config: GuestConfig }> {
  const found = await findGuest(nodes, ref);
  if (found.state === 'ours') return found;
  if (found.state === 'missing') {
    throw new PveFailure(CommandFailureCode.NOT_FOUND, `there is no container ${ref.vmid} on ${ref.node}`);
  }
  if (found.state === 'creating') {
    throw new PveFailure(CommandFailureCode.LOCKED, `container ${ref.vmid} is still being created`);
  }
  throw notOurs(ref, found.config);
}

/** The failure for a guest that is somebody else's. */
export function notOurs(ref: GuestRef, config: GuestConfig): PveFailure {
  const who = config.hostname === undefined ? '' : ` (${config.hostname})`;
  const message = `container ${ref.vmid}${who} is not provably ${ref.containerId || 'ours'}; it was not touched`;
  return new PveFailure(CommandFailureCode.NOT_OURS, message);
}

async function look(place: GuestPlace, ref: GuestRef): Promise<Found> {
  try {
    const config = await place.client.get(`${place.path}/config`, configAnswer);
    if (config.lock === 'create' && config.net0 === undefined) return { state: 'creating', place, config };
    return { state: isOurs(config, ref) ? 'ours' : 'foreign', place, config };
  } catch (error) {
    if (isFailure(error, CommandFailureCode.NOT_FOUND)) return { state: 'missing' };
    throw error;
  }
}
