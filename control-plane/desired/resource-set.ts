import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { same } from '@berth/proto/contract/delta.ts';
import { keyOf } from '@berth/proto/contract/resource.ts';
import { SetDigest } from '@berth/proto/contract/set-digest.ts';

/** What one audience must hold, with the revision of its last change. */
export class ResourceSet {
  readonly #resources = new Map<string, Resource>();
  readonly #digest = new SetDigest();
  #generation: bigint;
  #touched = new Set<string>();

  constructor(generation: bigint) {
    this.#generation = generation;
  }

  get generation(): bigint {
    return this.#generation;
  }

  get size(): number {
    return this.#resources.size;
  }

  get(key: string): Resource | undefined {
    return this.#resources.get(key);
  }

  values(): Iterable<Resource> {
    return this.#resources.values();
  }

  /** The digest as a number modulo 2^128, so that the digest of a union of sets is the sum of theirs. */
  sum(): bigint {
    return BigInt(`0x${Buffer.from(this.#digest.bytes()).toString('hex')}`);
  }

  /** Puts a resource in; does nothing when the same version is there. */
  put(resource: Resource): void {
    const key = keyOf(resource);
    const old = this.#resources.get(key);
    if (old && same(old.version, resource.version)) return;
    if (old) this.#digest.remove(old);
    this.#digest.add(resource);
    this.#resources.set(key, resource);
    this.#touched.add(key);
  }

  /** Takes a resource out, if it is there. */
  remove(key: string): void {
    const old = this.#resources.get(key);
    if (!old) return;
    this.#digest.remove(old);
    this.#resources.delete(key);
    this.#touched.add(key);
  }

  /** Ends a round of changes: when there were any, the set has a new generation. @returns the keys that changed */
  seal(generation: bigint): Set<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    if (touched.size > 0) this.#generation = generation;
    return touched;
  }
}
