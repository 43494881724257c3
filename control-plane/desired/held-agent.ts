/** An agent as the views' tests need it: it takes what a view sends, with the real agent's own judgement. */
import { type ConfigDelta, ConfigDeltaSchema } from '@berth/proto/agent/v1/session_pb.js';
import { applyDelta, emptyHeldSet } from '@berth/proto/contract/delta.ts';
import { create } from '@bufbuild/protobuf';
import type { DesiredState } from './site-state.ts';

/** Holds a set and follows a desired state. */
export class HeldAgent {
  readonly id: string;
  readonly roles: readonly string[];
  held = emptyHeldSet();

  constructor(id: string, roles: readonly string[]) {
    this.id = id;
    this.roles = roles;
  }

  /**
   * Takes the delta, or the snapshot where there is none, in the session of an epoch.
   * @returns the message; throws when it does not fit
   */
  follow(desired: DesiredState, epoch = 1n): ConfigDelta {
    const fromDigest = this.held.digest.bytes();
    const parts = desired.deltaFrom(this.held.generation, fromDigest);
    const message = create(ConfigDeltaSchema, {
      epoch,
      fromGeneration: this.held.generation,
      fromDigest,
      toGeneration: desired.generation,
      toDigest: desired.digest,
      snapshot: parts === undefined,
      ...(parts ?? { upserts: [...desired.resources()] }),
    });
    const outcome = applyDelta(this.held, message);
    if (!outcome.ok) throw new Error(`the agent refuses the delta: ${outcome.refusal}`);
    this.held = outcome.held;
    return message;
  }

  /** What it holds, in a form to compare. */
  versions(): string[] {
    return [...this.held.resources]
      .map(([key, { version }]) => `${key} ${Buffer.from(version).toString('hex')}`)
      .sort();
  }
}
