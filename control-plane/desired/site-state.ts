import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, splitKey } from '@berth/proto/contract/resource.ts';
import type { AudienceName, Placed } from './audience.ts';
import { type AudienceChange, DeltaLog } from './delta-log.ts';
import { ResourceSet } from './resource-set.ts';

const MODULUS = 1n << 128n;

/** A change between two sets, as a ConfigDelta carries it. */
export interface DeltaParts {
  upserts: Resource[];
  removals: { kind: string; name: string }[];
}

/** What one agent must hold. Good until the next refresh of its view: use it before awaiting anything. */
export interface DesiredState {
  /** Revision of the site at which this set last changed (or at which the view was opened). */
  readonly generation: bigint;
  /** Digest of the set, 16 bytes. */
  readonly digest: Uint8Array;
  resources(): Iterable<Resource>;
  /** The change from a set with that digest, empty for this very set; undefined: send a snapshot instead. */
  deltaFrom(generation: bigint, digest: Uint8Array): DeltaParts | undefined;
}

/** The resources of a site by owner and by audience. It knows no database: whoever has new resources calls `apply`. */
export class SiteState {
  readonly #sets = new Map<AudienceName, ResourceSet>();
  /** By container, and '' for the site as a whole. */
  readonly #byOwner = new Map<string, Placed[]>();
  readonly #log = new DeltaLog();
  #openedAt: bigint | undefined;

  /** Owners there are, '' for the site among them. */
  owners(): Iterable<string> {
    return this.#byOwner.keys();
  }

  /**
   * Gives owners their resources in place of what they had; an empty list takes all away.
   * @param generation of the sets that change by it
   */
  apply(changes: Iterable<readonly [owner: string, placed: Placed[]]>, generation: bigint): void {
    const first = this.#openedAt === undefined;
    this.#openedAt ??= generation;
    const before = new Map<AudienceName, bigint>();
    const setOf = (name: AudienceName) => {
      const set = this.#setOf(name);
      if (!before.has(name)) before.set(name, set.sum());
      return set;
    };
    for (const [owner, placed] of changes) this.#replace(owner, placed, setOf);
    const round = new Map<AudienceName, AudienceChange>();
    for (const [name, sum] of before) {
      const set = this.#setOf(name);
      const keys = set.seal(generation);
      if (keys.size > 0) round.set(name, { before: sum, after: set.sum(), keys });
    }
    if (!first) this.#log.append(round);
  }

  /** The union of some audiences. */
  desired(audiences: readonly AudienceName[]): DesiredState {
    const sets = audiences.map((name) => this.#setOf(name));
    const sum = sets.reduce((total, set) => (total + set.sum()) % MODULUS, 0n);
    return {
      generation: newestOf(sets),
      digest: Buffer.from(sum.toString(16).padStart(32, '0'), 'hex'),
      *resources() {
        for (const set of sets) yield* set.values();
      },
      deltaFrom: (_generation, digest) => this.#delta(audiences, sets, sum, digest),
    };
  }

  #setOf(name: AudienceName): ResourceSet {
    let set = this.#sets.get(name);
    if (!set) {
      set = new ResourceSet(this.#openedAt ?? 0n);
      this.#sets.set(name, set);
    }
    return set;
  }

  #replace(owner: string, placed: Placed[], setOf: (name: AudienceName) => ResourceSet): void {
    const kept = new Set(placed.map(placeOf));
    for (const old of this.#byOwner.get(owner) ?? []) {
      if (!kept.has(placeOf(old))) setOf(old.audience).remove(keyOf(old.resource));
    }
    for (const { audience, resource } of placed) setOf(audience).put(resource);
    if (placed.length > 0) this.#byOwner.set(owner, placed);
    else this.#byOwner.delete(owner);
  }

  #delta(names: readonly AudienceName[], sets: ResourceSet[], to: bigint, digest: Uint8Array): DeltaParts | undefined {
    const from = BigInt(`0x${Buffer.from(digest).toString('hex') || '0'}`);
    const changed = this.#log.since(names, to, from);
    if (!changed) return undefined;
    const parts: DeltaParts = { upserts: [], removals: [] };
    let size = 0;
    for (const [index, set] of sets.entries()) {
      size += set.size;
      for (const key of changed.get(names[index] as AudienceName) ?? []) {
        const resource = set.get(key);
        if (resource) parts.upserts.push(resource);
        else parts.removals.push(splitKey(key));
      }
    }
    return parts.upserts.length + parts.removals.length > size + SMALL ? undefined : parts;
  }
}

/** A delta may be this much longer than the set it leads to; beyond, the set itself is the shorter message. */
const SMALL = 16;

function newestOf(sets: ResourceSet[]): bigint {
  let newest = 0n;
  for (const { generation } of sets) if (generation > newest) newest = generation;
  return newest;
}

function placeOf({ audience, resource }: Placed): string {
  return `${audience} ${keyOf(resource)}`;
}
