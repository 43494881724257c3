/**
 * What the shared agent core asks of a role (nginx, dnsmasq, proxmox). The core owns the link, the ledger, the
 * command journal and the order of things; a role owns its host: it turns a set of resources into files or API
 * calls, executes its commands, and reports what it sees.
 */

import type { Command, CommandFailureCode, CommandSuccess } from '@berth/proto/agent/v1/command_pb.js';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { FiguresSchema, ResourceErrorSchema, Role, SessionRequest } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { ResourceKind } from '@berth/proto/contract/resource.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Logger } from './logger.ts';

/** The resources of one generation, keyed by `keyOf`. */
export interface DesiredSet {
  generation: bigint;
  resources: ReadonlyMap<string, Resource>;
  /** Keys that differ from the set applied before; undefined when that is not known (start-up). */
  changed?: ReadonlySet<string>;
}

/** Figures of a role's own. */
export type RoleFigures = Pick<MessageInitShape<typeof FiguresSchema>, 'nginx' | 'dnsmasq' | 'pve'>;

/** A quarantined resource. */
export type ResourceFault = MessageInitShape<typeof ResourceErrorSchema>;

/** How an apply ended. After `rejected` the host runs what it ran before. */
export type ApplyReport =
  | { status: 'running'; errors: ResourceFault[]; timingsMs: Record<string, number> }
  | { status: 'rejected'; message: string; errors: ResourceFault[]; timingsMs: Record<string, number> };

/** How a command ended. */
export type CommandOutcome =
  | { ok: true; success: Partial<Pick<CommandSuccess, 'warnings' | 'guest' | 'probe'>> }
  | { ok: false; code: CommandFailureCode; message: string; logTail?: string[] };

/** A message a role sends on its own account: leases, guests, drift, backends, health. */
export type Report = Extract<
  SessionRequest['message'],
  { case: 'leaseReport' | 'guestReport' | 'driftReport' | 'backendReport' | 'health' }
>;

/** What a role is given when it starts. */
export interface RoleContext {
  clock: Clock;
  random: Random;
  log: Logger;
  /** Directory of the role's own state, made and 0700. */
  stateDir: string;
  /** Sends a report now, or keeps the newest of its kind until there is a session. */
  report(report: Report): void;
  /** Has the core apply the held set again and report on it soon, because the cause of a fault is gone. */
  requestApply(): void;
}

/** What a command may use while it runs. */
export interface CommandContext {
  signal: AbortSignal;
  /** Streams one line to whoever watches. */
  progress(line: string): void;
  /**
   * Durable notes of this command, kept until its result is acknowledged: write the intent (a UPID, say) before
   * anything that is not idempotent, and look at it first when the command is run again after a crash.
   */
  notes: { read(): Record<string, string>; write(notes: Record<string, string>): Promise<void> };
}

/** One role of an agent. */
export interface RoleModule {
  readonly role: Role;
  /** Kinds of resources it takes. */
  readonly kinds: readonly ResourceKind[];
  /** Kinds of commands it takes (the case of Command.task). */
  readonly commands: readonly NonNullable<Command['task']['case']>[];
  /** What the host offers, e.g. "nginx/1.22.1". */
  capabilities(): Promise<string[]>;
  /** Begins watching the host; resolves when the role is ready for `apply`. */
  start(context: RoleContext): Promise<void>;
  /** Makes the set so; called one at a time, also at start-up with what the ledger holds. Never throws for bad resources. */
  apply(desired: DesiredSet): Promise<ApplyReport>;
  /** Executes a command, at least once; must be idempotent. */
  execute(command: Command, context: CommandContext): Promise<CommandOutcome>;
  /** What it counted and sees, for those who watch figures; called every heartbeat. */
  figures?(): Promise<RoleFigures>;
  /** Called after each Welcome, so that full reports are sent anew. */
  sessionOpened?(): void;
  /** Ends watching; what the host serves stays. */
  stop(): Promise<void>;
}
