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
import { FrameLog, readFrames } from './frame-log.ts';

const FILE = 'ledger';

/** First byte of a frame. */
const DELTA = 1;
const RUNNING = 2;

/** Frames after which the log is folded: replaying this many takes well under a second at 10,000 resources. */
const FOLD_AFTER = 512;

/** What a ledger holds, read without taking it over: its owner may be writing. */
export async function readLedger(directory: string): Promise<{ held: HeldSet; running: bigint }> {
  const state = new LedgerState();
  await readFrames(join(directory, FILE), (payload) => state.replay(payload));
  return { held: state.held, running: state.running };
}

/** The state that a sequence of frames makes. */
class LedgerState {
  held: HeldSet = emptyHeldSet();
  running = 0n;

  /** False for a frame that does not fit. */
  replay(payload: Buffer): boolean {
    if (payload[0] === RUNNING && payload.length === 9) {
      this.running = payload.readBigUInt64BE(1);
      return true;
    }
    if (payload[0] !== DELTA) return false;
    const outcome = applyDelta(this.held, fromBinary(ConfigDeltaSchema, payload.subarray(1)));
    if (outcome.ok) this.held = outcome.held;
    return outcome.ok;
  }
}

/** Durable desired state; one owner at a time. */
export class Ledger {
  readonly #log: FrameLog;
  readonly #state: LedgerState;

  private constructor(log: FrameLog, state: LedgerState) {
    this.#log = log;
    this.#state = state;
  }

  /** Opens the ledger in a directory; what a crash cut off is dropped. */
  static async open(directory: string): Promise<Ledger> {
    const state = new LedgerState();
    return new Ledger(await FrameLog.open(join(directory, FILE), (payload) => state.replay(payload)), state);
  }

  /** The set it holds. */
  get held(): HeldSet {
    return this.#state.held;
  }

  /** Generation the host ran when that was last known; 0 for none. */
  get runningGeneration(): bigint {
    return this.#state.running;
  }

  /** What Hello says about it. */
  state(): HeldState {
    return create(HeldStateSchema, {
      epoch: this.#state.held.epoch,
      generation: this.#state.held.generation,
      digest: this.#state.held.digest.bytes(),
      runningGeneration: this.#state.running,
    });
  }

  /** Takes a delta; when it was accepted it is on the disk. @throws the file system's error; the set is unchanged then */
  async accept(delta: ConfigDelta): Promise<DeltaOutcome> {
    const outcome = applyDelta(this.#state.held, delta);
    if (!outcome.ok || outcome.duplicate) return outcome;
    await this.#log.append(tagged(DELTA, toBinary(ConfigDeltaSchema, delta)), true);
    this.#state.held = outcome.held;
    // While nothing runs, nobody else folds.
    if (this.#log.frames > 4 * FOLD_AFTER) await this.fold();
    return outcome;
  }

  /** Remembers what the host runs. Not forced to the disk: after a crash the ledger is applied anew anyway. */
  async markRunning(generation: bigint): Promise<void> {
    this.#state.running = generation;
    await this.#log.append(runningFrame(generation), false);
    if (this.#log.frames > FOLD_AFTER) await this.fold();
  }

  /** Rewrites the log as one snapshot. */
  async fold(): Promise<void> {
    const snapshot = toBinary(ConfigDeltaSchema, snapshotOf(this.#state.held));
    await this.#log.rewrite([tagged(DELTA, snapshot), runningFrame(this.#state.running)]);
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.#log.close();
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
