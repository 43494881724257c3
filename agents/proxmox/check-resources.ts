import type { Guest, PveNode, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { splitKey } from '@berth/proto/contract/resource.ts';
import type { ResourceFault } from '../shared/role.ts';

/** The nodes and guests of a set, and what is wrong with the others. */
export interface CheckedSet {
  nodes: PveNode[];
  guests: Guest[];
  errors: ResourceFault[];
}

/** Splits a set into what can be used and what is set aside with its reason; keys are judged in their order. */
export function checkResources(resources: ReadonlyMap<string, Resource>): CheckedSet {
  const checked: CheckedSet = { nodes: [], guests: [], errors: [] };
  const sorted = [...resources].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const judge = (key: string, resource: Resource, reason: string | undefined, take: () => void) => {
    if (reason === undefined) take();
    else checked.errors.push(faultOf(key, resource, reason));
  };
  for (const [key, resource] of sorted) {
    if (resource.body.case !== 'pveNode') continue;
    const node = resource.body.value;
    judge(key, resource, nodeReason(node, checked.nodes), () => checked.nodes.push(node));
  }
  for (const [key, resource] of sorted) {
    if (resource.body.case !== 'guest') continue;
    const guest = resource.body.value;
    judge(key, resource, guestReason(guest, checked), () => checked.guests.push(guest));
  }
  return checked;
}

function nodeReason(node: PveNode, others: readonly PveNode[]): string | undefined {
  if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(node.node)) return 'node is not a PVE node name';
  if (others.some((other) => other.node === node.node)) return `node ${node.node} is there twice`;
  const url = URL.parse(node.apiUrl);
  if (url?.protocol !== 'https:' || url.pathname !== '/') return 'api_url is not of the form https://host:port';
  if (!/^[^\s:/!=]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+$/.test(node.tokenId)) {
    return 'token_id is not of the form user@realm!name';
  }
  if (!/^[A-Za-z0-9-]+$/.test(node.tokenSecret)) return 'token_secret is not a UUID';
  if (node.fingerprint !== '' && !/^(?:[0-9a-fA-F]{2}:){31}[0-9a-fA-F]{2}$/.test(node.fingerprint)) {
    return 'fingerprint is not a SHA-256 in colon-separated hex';
  }
  return undefined;
}

function guestReason(guest: Guest, { nodes, guests }: CheckedSet): string | undefined {
  if (!nodes.some((node) => node.node === guest.node))
    return `node ${JSON.stringify(guest.node)} is not among the nodes`;
  if (guest.vmid < 100 || guest.vmid > 999_999_999) return `vmid ${guest.vmid} is not in 100–999999999`;
  if (!/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/.test(guest.mac)) return 'mac is not a hardware address';
  const twin = guests.some((other) => other.vmid === guest.vmid && other.node === guest.node);
  return twin ? `VMID ${guest.vmid} is watched twice` : undefined;
}

function faultOf(key: string, resource: Resource, reason: string): ResourceFault {
  const { kind, name } = splitKey(key);
  return { resource: { kind, name }, stage: 'validate', exitCode: 0, stderrTail: reason, version: resource.version };
}
