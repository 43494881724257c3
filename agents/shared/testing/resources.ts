import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { type ConfigDelta, ConfigDeltaSchema } from '@berth/proto/agent/v1/session_pb.js';
import { emptyHeldSet, type HeldSet, same } from '@berth/proto/contract/delta.ts';
import { keyOf, makeResource, splitKey } from '@berth/proto/contract/resource.ts';
import { digestOf, SetDigest } from '@berth/proto/contract/set-digest.ts';
import { create } from '@bufbuild/protobuf';

/** A name record, told apart by its address. */
export function nameRecord(name: string, address = '10.0.0.1'): Resource {
  return makeResource(name, { case: 'nameRecord', value: { fqdn: `${name}.lab`, address } });
}

/** A reservation. */
export function reservation(name: string, address = '10.0.0.1'): Resource {
  return makeResource(name, {
    case: 'reservation',
    value: { mac: '02:00:00:00:00:01', address, hostname: name },
  });
}

/** A held set of these resources. */
export function heldSet(epoch: bigint, generation: bigint, resources: Resource[]): HeldSet {
  const digest = new SetDigest();
  for (const resource of resources) digest.add(resource);
  return { epoch, generation, resources: new Map(resources.map((each) => [keyOf(each), each])), digest };
}

/** The delta from one set to the next, as a control plane sends it. */
export function deltaTo(next: HeldSet, from: HeldSet = emptyHeldSet()): ConfigDelta {
  const upserts = [...next.resources.values()].filter((resource) => !holds(from, resource));
  const removals = [...from.resources.keys()].filter((key) => !next.resources.has(key)).map(splitKey);
  return create(ConfigDeltaSchema, {
    epoch: next.epoch,
    fromGeneration: from.generation,
    fromDigest: from.digest.bytes(),
    toGeneration: next.generation,
    toDigest: digestOf(next.resources.values()),
    upserts,
    removals,
  });
}

/** The whole set in one message. */
export function snapshotOf(set: HeldSet): ConfigDelta {
  const { epoch, generation: toGeneration } = set;
  const upserts = [...set.resources.values()];
  return create(ConfigDeltaSchema, { epoch, toGeneration, toDigest: set.digest.bytes(), snapshot: true, upserts });
}

function holds(set: HeldSet, resource: Resource): boolean {
  const held = set.resources.get(keyOf(resource));
  return held !== undefined && same(held.version, resource.version);
}
