/**
 * The desired set as this agent last accepted it, on disk, so that the host is made right after a restart without
 * asking anybody. A log of deltas, because rewriting 10,000 resources for one change would cost more than the change:
 * each accepted delta is one frame, and the log is folded into a snapshot now and then.
 */

import { join } from 'node:path';
import {
  type ConfigDelta,
  ConfigDeltaSchema,
  type HeldState,
  HeldStateSchema,
} from '@berth/proto/agent/v1/session_pb.js';
import { applyDelta, type DeltaOutcome, emptyHeldSet, type HeldSet } from '@berth/proto/contract/delta.ts';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FrameLog } from './frame-log.ts';

/** First byte of a frame. */
const DELTA = 1;
const RUNNING = 2;

/** Frames after which the log is folded: replaying this many takes well under a second at 10,000 resources. */
const FOLD_AFTER = 512;

/** Durable desired state; one owner at a time. */
export class Ledger {
  #log: FrameLog | undefined;
  #held: HeldSet = emptyHeldSet();
  #running = 0n;

  private constructor() {}

  /** Opens the ledger in a directory; what a crash cut off is dropped. */
  static async open(directory: string): Promise<Ledger> {
    const ledger = new Ledger();
    ledger.#log = await FrameLog.open(join(directory, 'ledger'), (payload) => ledger.#replay(payload));
    return ledger;
  }

  /** The set it holds. */
  get held(): HeldSet {
    return this.#held;
  }

  /** Generation the host ran when that was last known; 0 for none. */
  get runningGeneration(): bigint {
    return this.#running;
  }

  /** What Hello says about it. */
  state(): HeldState {
    return create(HeldStateSchema, {
      epoch: this.#held.epoch,
      generation: this.#held.generation,
      digest: this.#held.digest.bytes(),
      runningGeneration: this.#running,
    });
  }

  /** Takes a delta; when it was accepted it is on the disk. @throws the file system's error; the set is unchanged then */
  async accept(delta: ConfigDelta): Promise<DeltaOutcome> {
    const outcome = applyDelta(this.#held, delta);
    if (!outcome.ok || outcome.duplicate) return outcome;
    await this.#open().append(tagged(DELTA, toBinary(ConfigDeltaSchema, delta)), true);
    this.#held = outcome.held;
    return outcome;
  }

  /** Remembers what the host runs. Not forced to the disk: after a crash the ledger is applied anew anyway. */
  async markRunning(generation: bigint): Promise<void> {
    this.#running = generation;
    await this.#open().append(runningFrame(generation), false);
    if (this.#open().frames > FOLD_AFTER) await this.fold();
  }

  /** Rewrites the log as one snapshot. */
  async fold(): Promise<void> {
    const snapshot = toBinary(ConfigDeltaSchema, snapshotOf(this.#held));
    await this.#open().rewrite([tagged(DELTA, snapshot), runningFrame(this.#running)]);
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.#open().close();
  }

  #replay(payload: Buffer): boolean {
    if (payload[0] === RUNNING && payload.length === 9) {
      this.#running = payload.readBigUInt64BE(1);
      return true;
    }
    if (payload[0] !== DELTA) return false;
    const outcome = applyDelta(this.#held, fromBinary(ConfigDeltaSchema, payload.subarray(1)));
    if (outcome.ok) this.#held = outcome.held;
    return outcome.ok;
  }

  #open(): FrameLog {
    if (!this.#log) throw new Error('the ledger is not open');
    return this.#log;
  }
}

function snapshotOf(held: HeldSet): ConfigDelta {
  return create(ConfigDeltaSchema, {
    epoch: held.epoch,
    toGeneration: held.generation,
    toDigest: held.digest.bytes(),
    snapshot: true,
    upserts: [...held.resources.values()],
  });
}

function runningFrame(generation: bigint): Buffer {
  const payload = Buffer.alloc(9);
  payload[0] = RUNNING;
  payload.writeBigUInt64BE(generation, 1);
  return payload;
}

function tagged(tag: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), bytes]);
}
