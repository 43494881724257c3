import type { Resource } from '../gen/berth/agent/v1/resource_pb.js';
import type { ConfigDelta } from '../gen/berth/agent/v1/session_pb.js';
import { keyOf } from './resource.ts';
import { SetDigest } from './set-digest.ts';

/** A set of resources as an agent holds it. */
export interface HeldSet {
  epoch: bigint;
  generation: bigint;
  resources: Map<string, Resource>;
  digest: SetDigest;
}

/** Why a delta was not taken. */
export type DeltaRefusal = 'stale' | 'conflicting' | 'needs-snapshot';

/** What came of a delta: the new set and the keys that differ, or the reason for refusing it. */
export type DeltaOutcome =
  | { ok: true; held: HeldSet; changed: Set<string>; duplicate: boolean }
  | { ok: false; refusal: DeltaRefusal };

/** A set that holds nothing. */
export function emptyHeldSet(): HeldSet {
  return { epoch: 0n, generation: 0n, resources: new Map(), digest: new SetDigest() };
}

/**
 * Takes a delta or snapshot into a set; `held` itself is left as it was. An older (epoch, generation) is stale, the
 * same generation with another digest conflicts, and a delta that does not start at what is held wants a snapshot.
 */
export function applyDelta(held: HeldSet, delta: ConfigDelta): DeltaOutcome {
  if (delta.epoch < held.epoch) return { ok: false, refusal: 'stale' };
  if (delta.epoch === held.epoch) {
    if (delta.toGeneration < held.generation) return { ok: false, refusal: 'stale' };
    if (delta.toGeneration === held.generation) return sameGeneration(held, delta);
  }
  if (!delta.snapshot && !same(delta.fromDigest, held.digest.bytes())) return { ok: false, refusal: 'needs-snapshot' };
  const next = merge(held, delta);
  if (!same(next.held.digest.bytes(), delta.toDigest)) {
    return { ok: false, refusal: delta.snapshot ? 'conflicting' : 'needs-snapshot' };
  }
  return { ok: true, ...next, duplicate: false };
}

function sameGeneration(held: HeldSet, delta: ConfigDelta): DeltaOutcome {
  if (!same(delta.toDigest, held.digest.bytes())) return { ok: false, refusal: 'conflicting' };
  return { ok: true, held, changed: new Set(), duplicate: true };
}

function merge(held: HeldSet, delta: ConfigDelta): { held: HeldSet; changed: Set<string> } {
  const resources = new Map(delta.snapshot ? [] : held.resources);
  const digest = delta.snapshot ? new SetDigest() : held.digest.clone();
  const changed = new Set<string>();
  for (const { kind, name } of delta.removals) {
    const key = `${kind}/${name}`;
    const old = resources.get(key);
    if (!old) continue;
    digest.remove(old);
    resources.delete(key);
    changed.add(key);
  }
  for (const resource of delta.upserts) upsert(resources, digest, resource, changed);
  if (delta.snapshot) diffSnapshot(held.resources, resources, changed);
  return { held: { epoch: delta.epoch, generation: delta.toGeneration, resources, digest }, changed };
}

function upsert(resources: Map<string, Resource>, digest: SetDigest, resource: Resource, changed: Set<string>): void {
  const key = keyOf(resource);
  const old = resources.get(key);
  if (old) digest.remove(old);
  digest.add(resource);
  resources.set(key, resource);
  changed.add(key);
}

function diffSnapshot(before: Map<string, Resource>, after: Map<string, Resource>, changed: Set<string>): void {
  for (const key of before.keys()) if (!after.has(key)) changed.add(key);
  for (const [key, resource] of after) {
    const old = before.get(key);
    if (old && same(old.version, resource.version)) changed.delete(key);
  }
}

/** Whether two byte strings are equal. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
