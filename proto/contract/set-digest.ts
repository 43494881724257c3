import { createHash } from 'node:crypto';
import type { Resource } from '../gen/berth/agent/v1/resource_pb.js';
import { keyOf } from './resource.ts';

const MODULUS = 1n << 128n;

/**
 * Digest of a set of resources that costs the same to keep at any size: the sum modulo 2^128 of a hash of each
 * member. Both ends compute it, so a difference shows without sending the set.
 */
export class SetDigest {
  #sum: bigint;

  constructor(sum = 0n) {
    this.#sum = sum;
  }

  /** Takes a member in. */
  add(resource: Resource): void {
    this.#sum = (this.#sum + term(resource)) % MODULUS;
  }

  /** Takes a member out. */
  remove(resource: Resource): void {
    this.#sum = (this.#sum - term(resource) + MODULUS) % MODULUS;
  }

  /** An independent copy. */
  clone(): SetDigest {
    return new SetDigest(this.#sum);
  }

  /** The digest, 16 bytes. */
  bytes(): Uint8Array {
    return Buffer.from(this.#sum.toString(16).padStart(32, '0'), 'hex');
  }
}

/** Digest of a whole set. */
export function digestOf(resources: Iterable<Resource>): Uint8Array {
  const digest = new SetDigest();
  for (const resource of resources) digest.add(resource);
  return digest.bytes();
}

function term(resource: Resource): bigint {
  const hash = createHash('sha256').update(keyOf(resource)).update('\0').update(resource.version).digest('hex');
  return BigInt(`0x${hash.slice(0, 32)}`);
}
