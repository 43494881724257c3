/**
 * What to send to one agent next. At most one delta is in flight; what changes meanwhile is not queued but found
 * again, as the newest, when the answer is here. What an agent refused is kept back until the target moves or
 * somebody asks: sending it again would only be refused again.
 */
import {
  type ConfigDelta,
  ConfigDeltaSchema,
  ConfigPhase,
  type ConfigStatus,
} from '@berth/proto/agent/v1/session_pb.js';
import { same } from '@berth/proto/contract/delta.ts';
import { create } from '@bufbuild/protobuf';
import type { AgentView } from './desired-view.ts';

/** A set as both ends name it. */
export interface Version {
  generation: bigint;
  digest: Uint8Array;
}

/** What an answer of the agent means. */
export type Verdict = 'accepted' | 'running' | 'rejected' | 'ignored';

const NOTHING: AgentView = {
  generation: 0n,
  digest: new Uint8Array(16),
  resources: () => [],
  deltaFrom: () => ({ upserts: [], removals: [] }),
};

/** The pushing side of one session. */
export class PushState {
  readonly #epoch: bigint;
  #held: Version | undefined;
  #inFlight: (Version & { snapshot: boolean }) | undefined;
  #refused: Version | undefined;
  #numbered = false;
  #forced = 0;

  /** @param held what the agent says it holds */
  constructor(epoch: bigint, held: Version) {
    this.#epoch = epoch;
    this.#held = held.generation === 0n ? { generation: 0n, digest: NOTHING.digest } : held;
  }

  /** Whether an answer is awaited. */
  get waiting(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Generation that is safe in the agent's ledger, as far as is known. */
  get heldGeneration(): bigint {
    return this.#held?.generation ?? 0n;
  }

  /** The next message, which then counts as being in flight; undefined when there is nothing to send now. */
  next(target: AgentView): ConfigDelta | undefined {
    if (this.#inFlight) return undefined;
    if (this.#forced === 0 && (equal(this.#held, target) || equal(this.#refused, target))) return undefined;
    const delta = this.#deltaTo(target);
    this.#inFlight = { generation: target.generation, digest: target.digest, snapshot: delta.snapshot };
    if (this.#forced > 0) this.#forced -= 1;
    return delta;
  }

  /**
   * Sends the target whole once more, whatever the agent said to it before. Only a generation that repeats itself within
   * an epoch asks the agent to try again, so the first delta of a session is followed by its repetition.
   */
  force(): void {
    this.#forced = this.#numbered ? 1 : 2;
    this.#refused = undefined;
  }

  /** Takes the agent's answer in. */
  answered(status: ConfigStatus): Verdict {
    const awaited = this.#inFlight && status.epoch === this.#epoch && equal(this.#inFlight, status);
    if (status.phase === ConfigPhase.NEED_SNAPSHOT) return awaited ? this.#needsSnapshot(status) : 'ignored';
    if (status.phase === ConfigPhase.REJECTED && awaited) return this.#rejected(status);
    if (awaited) {
      this.#held = { generation: status.generation, digest: status.digest };
      this.#inFlight = undefined;
      this.#refused = undefined;
      this.#numbered = true;
    }
    if (!this.#held || status.generation > this.#held.generation) return 'ignored';
    if (status.phase === ConfigPhase.RUNNING) return 'running';
    if (status.phase === ConfigPhase.REJECTED) return 'rejected';
    return status.phase === ConfigPhase.ACCEPTED && awaited ? 'accepted' : 'ignored';
  }

  // Refused before it came into the ledger: what the agent holds instead is not known, so the next is a snapshot.
  #rejected(status: ConfigStatus): Verdict {
    this.#held = undefined;
    this.#inFlight = undefined;
    this.#refused = { generation: status.generation, digest: status.digest };
    return 'rejected';
  }

  #needsSnapshot(status: ConfigStatus): Verdict {
    if (this.#inFlight?.snapshot) return this.#rejected(status);
    this.#held = undefined;
    this.#inFlight = undefined;
    return 'ignored';
  }

  #deltaTo(target: AgentView): ConfigDelta {
    const to = { epoch: this.#epoch, toGeneration: target.generation, toDigest: target.digest };
    const held = this.#forced > 0 ? undefined : this.#held;
    const parts = held && change(held, target);
    if (!parts || !held) return create(ConfigDeltaSchema, { ...to, snapshot: true, upserts: [...target.resources()] });
    return create(ConfigDeltaSchema, { ...to, ...parts, fromGeneration: held.generation, fromDigest: held.digest });
  }
}

function change(held: Version, target: AgentView) {
  if (same(held.digest, target.digest)) return { upserts: [], removals: [] };
  if (held.generation === 0n) return undefined;
  return target.deltaFrom(held.generation, held.digest);
}

function equal(a: Version | undefined, b: { generation: bigint; digest: Uint8Array }): boolean {
  return a !== undefined && a.generation === b.generation && same(a.digest, b.digest);
}
