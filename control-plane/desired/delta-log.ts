import type { AudienceName } from './audience.ts';

/** Rounds and keys kept; an agent further behind gets a snapshot, which is no larger by then. */
const KEEP_ROUNDS = 1_024;
const KEEP_KEYS = 50_000;
const MODULUS = 1n << 128n;

/** What one round of changes did to one audience. */
export interface AudienceChange {
  /** Digest before, as a number. */
  before: bigint;
  /** Digest after. */
  after: bigint;
  keys: ReadonlySet<string>;
}

/** One round: the changes of every audience that changed. */
export type Round = ReadonlyMap<AudienceName, AudienceChange>;

/** A short memory of what changed, to get an agent on from an earlier set without sending it the whole. */
export class DeltaLog {
  #rounds: Round[] = [];
  #keys = 0;

  /** Remembers a round, forgetting the oldest when there are too many. */
  append(round: Round): void {
    if (round.size === 0) return;
    this.#rounds.push(round);
    this.#keys += keysIn(round);
    while (this.#rounds.length > KEEP_ROUNDS || (this.#keys > KEEP_KEYS && this.#rounds.length > 1)) {
      const oldest = this.#rounds.shift();
      if (oldest) this.#keys -= keysIn(oldest);
    }
  }

  /**
   * Walks back from a union of audiences until its digest is `from`, collecting what changed since.
   * @param to digest of the union now
   * @returns the keys per audience, or undefined when no remembered set has that digest
   */
  since(audiences: readonly AudienceName[], to: bigint, from: bigint): Map<AudienceName, Set<string>> | undefined {
    const changed = new Map<AudienceName, Set<string>>();
    let digest = to;
    for (let i = this.#rounds.length - 1; digest !== from; i--) {
      const round = this.#rounds[i];
      if (!round) return undefined;
      for (const audience of audiences) {
        const change = round.get(audience);
        if (!change) continue;
        digest = (digest - change.after + change.before + MODULUS) % MODULUS;
        const keys = changed.get(audience) ?? new Set<string>();
        for (const key of change.keys) keys.add(key);
        changed.set(audience, keys);
      }
    }
    return changed;
  }
}

function keysIn(round: Round): number {
  let count = 0;
  for (const { keys } of round.values()) count += keys.size;
  return count;
}
