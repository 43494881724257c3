/**
 * Brings the newest accepted set onto the host, one apply at a time. What is accepted while an apply is under way
 * waits, and only the newest of it is applied. A role whose kinds did not change is left alone; a role that
 * refused is tried again, soon after a refusal of the whole, seldom while something is quarantined.
 */

import { ConfigPhase, Role } from '@berth/proto/agent/v1/session_pb.js';
import { fullJitter } from '@berth/proto/contract/backoff.ts';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { HeldSet } from '@berth/proto/contract/delta.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { splitKey } from '@berth/proto/contract/resource.ts';
import type { AgentFigures } from './figures.ts';
import type { Logger } from './logger.ts';
import type { ApplyReport, DesiredSet, ResourceFault, RoleModule } from './role.ts';

/** Least milliseconds before another try, and how they spread. */
const AFTER_REJECTION = { leastMs: 500, baseMs: 1_000, capMs: 60_000 };
const WHILE_QUARANTINED = { leastMs: 30_000, baseMs: 30_000, capMs: 600_000 };

/** How far a generation came on this host. */
export interface GenerationOutcome {
  set: HeldSet;
  phase: ConfigPhase.RUNNING | ConfigPhase.REJECTED;
  errors: ResourceFault[];
  message: string;
  timingsMs: Record<string, number>;
}

/** What an applier needs. */
export interface ApplierOptions {
  roles: readonly RoleModule[];
  clock: Clock;
  random: Random;
  log: Logger;
  figures?: AgentFigures;
  /** Called before a role's apply: brings the role up if it is not; throws when it cannot. */
  prepare(role: RoleModule): Promise<void>;
  /** Told of every apply that has ended. */
  ended(outcome: GenerationOutcome): Promise<void>;
}

/** Keys that differ from what the role applied last; undefined when that is not known. */
type Pending = Set<string> | undefined;

interface Slot {
  role: RoleModule;
  pending: Pending;
  faults: ResourceFault[];
  refusal: string | undefined;
}

/** Applies accepted sets to the roles of a host. */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #slots: Slot[];
  #target: HeldSet | undefined;
  #dirty = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  #outcome: GenerationOutcome | undefined;
  #failures = 0;
  #cancelRetry: () => void = () => {};

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#slots = options.roles.map((role) => ({ role, pending: undefined, faults: [], refusal: undefined }));
  }

  /** What is known of the newest set; undefined while it is not applied yet. */
  get outcome(): GenerationOutcome | undefined {
    const current = this.#outcome;
    return current && this.#target === current.set && !this.#dirty ? current : undefined;
  }

  /** Applies this set as soon as may be. @param changed keys that differ from the set submitted before, if known */
  submit(set: HeldSet, changed?: ReadonlySet<string>): void {
    this.#target = set;
    if (changed === undefined || changed.size > 0) this.#failures = 0;
    for (const slot of this.#slots) slot.pending = changed && slot.pending ? union(slot.pending, changed) : undefined;
    this.#wake();
  }

  /** The same set under a new epoch or generation number: nothing to apply when all is well. */
  renumber(set: HeldSet): GenerationOutcome | undefined {
    const known = this.outcome;
    if (known?.phase !== ConfigPhase.RUNNING) {
      this.submit(set, new Set());
      return undefined;
    }
    this.#target = set;
    this.#outcome = { ...known, set, timingsMs: {} };
    return this.#outcome;
  }

  /** Tries again what was refused or quarantined, knowing nothing of what the host runs. */
  retry(): void {
    for (const slot of this.#slots) {
      if (slot.refusal !== undefined || slot.faults.length > 0) slot.pending = undefined;
    }
    this.#wake();
  }

  /** Resolves when nothing is being applied and nothing waits to be. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Ends after the apply under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    await this.idle();
  }

  #wake(): void {
    this.#dirty = true;
    this.#cancelRetry();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Something was submitted after the last look and before this moment.
      if (this.#dirty && !this.#stopped && this.#target) this.#wake();
    });
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#stopped && this.#target) {
      this.#dirty = false;
      const set = this.#target;
      const timings = await Promise.all(this.#slots.map((slot) => this.#applyTo(slot, set)));
      this.#outcome = this.#summary(set, Object.assign({}, ...timings));
      await this.#options.ended(this.#outcome);
      this.#planRetry(this.#outcome);
    }
  }

  async #applyTo(slot: Slot, set: HeldSet): Promise<Record<string, number>> {
    const { role } = slot;
    const changed = slot.pending && new Set([...slot.pending].filter((key) => takes(role, key)));
    if (changed?.size === 0 && slot.refusal === undefined) {
      slot.pending = changed;
      return {};
    }
    slot.pending = new Set();
    const began = performance.now();
    const report = await this.#apply(role, { generation: set.generation, resources: only(role, set), changed });
    this.#options.figures?.applied(role.role, report.status, performance.now() - began);
    slot.faults = report.errors;
    slot.refusal = report.status === 'rejected' ? report.message : undefined;
    if (slot.refusal !== undefined) slot.pending = changed && slot.pending && union(slot.pending, changed);
    return this.#slots.length === 1 ? report.timingsMs : prefixed(role, report.timingsMs);
  }

  async #apply(role: RoleModule, desired: DesiredSet): Promise<ApplyReport> {
    try {
      await this.#options.prepare(role);
      return await role.apply(desired);
    } catch (error) {
      this.#options.log.error({ err: error, role: Role[role.role] }, 'apply threw');
      const message = error instanceof Error ? error.message : String(error);
      return { status: 'rejected', message, errors: [], timingsMs: {} };
    }
  }

  #summary(set: HeldSet, timingsMs: Record<string, number>): GenerationOutcome {
    const refusals = this.#slots.flatMap(({ refusal }) => refusal ?? []);
    return {
      set,
      phase: refusals.length > 0 ? ConfigPhase.REJECTED : ConfigPhase.RUNNING,
      errors: this.#slots.flatMap(({ faults }) => faults),
      message: refusals.join('\n'),
      timingsMs,
    };
  }

  #planRetry(outcome: GenerationOutcome): void {
    const healthy = outcome.phase === ConfigPhase.RUNNING && outcome.errors.length === 0;
    if (healthy) this.#failures = 0;
    if (healthy || this.#dirty || this.#stopped) return;
    const plan = outcome.phase === ConfigPhase.REJECTED ? AFTER_REJECTION : WHILE_QUARANTINED;
    const wait = plan.leastMs + fullJitter(plan, this.#failures, this.#options.random);
    this.#failures += 1;
    this.#cancelRetry = this.#options.clock.after(wait, () => this.retry());
  }
}

function union(one: ReadonlySet<string>, other: ReadonlySet<string>): Set<string> {
  return new Set([...one, ...other]);
}

function takes(role: RoleModule, key: string): boolean {
  return (role.kinds as readonly string[]).includes(splitKey(key).kind);
}

function only(role: RoleModule, set: HeldSet): DesiredSet['resources'] {
  const mine = [...set.resources].filter(([key]) => takes(role, key));
  return mine.length === set.resources.size ? set.resources : new Map(mine);
}

function prefixed(role: RoleModule, timingsMs: Record<string, number>): Record<string, number> {
  const name = Role[role.role].toLowerCase();
  return Object.fromEntries(Object.entries(timingsMs).map(([stage, ms]) => [`${name}.${stage}`, ms]));
}
