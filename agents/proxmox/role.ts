/**
 * The proxmox role: guests on PVE nodes over the REST API. Its resources only say which nodes there are and which
 * guests to watch; containers come and go by commands, each idempotent, one at a time for a guest, and none ever
 * touching a container that is not provably ours. What PVE refuses comes back as a code and PVE's own words.
 */
import { type Command, CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { Role } from '@berth/proto/agent/v1/session_pb.js';
import type {
  ApplyReport,
  CommandContext,
  CommandOutcome,
  DesiredSet,
  RoleContext,
  RoleFigures,
  RoleModule,
} from '../shared/role.ts';
import {
  configureEnvironment,
  configureGuest,
  deleteGuest,
  inspectGuest,
  startGuest,
  stopGuest,
} from './change-guest.ts';
import { checkResources } from './check-resources.ts';
import type { ProxmoxConfig } from './config.ts';
import { createGuest, type GuestDone } from './create-guest.ts';
import { checkedRef } from './creation-params.ts';
import { PveFailure } from './failure.ts';
import type { GuestWork } from './guest-work.ts';
import { NodeSet } from './nodes.ts';
import { RightsWatch } from './rights-watch.ts';
import { Serial } from './serial.ts';
import { GuestWatcher } from './watch-guests.ts';

/** The proxmox role with checked configuration. */
export function createProxmoxRole(config: ProxmoxConfig): RoleModule {
  return new ProxmoxRole(config);
}

type GuestTask = Extract<Command['task'], { case: (typeof COMMANDS)[number] }>;

const COMMANDS = [
  ...(['createGuest', 'startGuest', 'stopGuest', 'deleteGuest'] as const),
  ...(['configureGuest', 'configureEnvironment', 'inspectGuest'] as const),
] as const;

class ProxmoxRole implements RoleModule {
  readonly role = Role.PROXMOX;
  readonly kinds = ['pveNode', 'guest'] as const;
  readonly commands = COMMANDS;
  readonly #config: ProxmoxConfig;
  readonly #nodes: NodeSet;
  readonly #serial = new Serial<number>();
  #host: { context: RoleContext; watcher: GuestWatcher; rights: RightsWatch } | undefined;

  constructor(config: ProxmoxConfig) {
    this.#config = config;
    this.#nodes = new NodeSet(config.requestTimeoutMs);
  }

  async capabilities(): Promise<string[]> {
    return ['proxmox:lxc'];
  }

  async start(context: RoleContext): Promise<void> {
    const { clock, log } = context;
    const watching = { nodes: this.#nodes, clock, log, pollMs: this.#config.pollMs };
    const rights: RightsWatch = new RightsWatch(this.#nodes, clock, () => watcher.reportNodes());
    const watcher = new GuestWatcher(watching, rights, (report) => context.report(report));
    this.#host = { context, watcher, rights };
  }

  async apply(desired: DesiredSet): Promise<ApplyReport> {
    const { nodes, guests, errors } = checkResources(desired.resources);
    this.#nodes.replace(nodes);
    const { watcher, rights } = this.#started();
    await watcher.replace(guests);
    rights.replace(nodes);
    return { status: 'running', errors, timingsMs: {} };
  }

  async execute(command: Command, context: CommandContext): Promise<CommandOutcome> {
    const { task } = command;
    if (!isGuestTask(task)) {
      const message = `the proxmox role has no command ${task.case ?? 'without a task'}`;
      return { ok: false, code: CommandFailureCode.UNSUPPORTED, message };
    }
    try {
      const ref = checkedRef(task.value.guest);
      const work = this.#work(ref, context);
      const { warnings, guest } = await this.#serial.run(ref.vmid, () => perform(work, task));
      this.#started().watcher.nudge(ref.node);
      return { ok: true, success: { warnings, guest } };
    } catch (error) {
      return outcomeOf(error, context.signal);
    }
  }

  async figures(): Promise<RoleFigures> {
    return { pve: this.#nodes.counts.figures() };
  }

  sessionOpened(): void {
    this.#host?.watcher.reportAll();
  }

  async stop(): Promise<void> {
    await this.#host?.rights.stop();
    await this.#host?.watcher.stop();
    this.#nodes.close();
  }

  #work(ref: GuestWork['ref'], context: CommandContext): GuestWork {
    const { clock, random } = this.#started().context;
    return { ref, nodes: this.#nodes, context, clock, random, lockTimeoutMs: this.#config.lockTimeoutMs };
  }

  #started() {
    if (!this.#host) throw new Error('the role was not started');
    return this.#host;
  }
}

function isGuestTask(task: Command['task']): task is GuestTask {
  return COMMANDS.some((name) => name === task.case);
}

function perform(work: GuestWork, task: GuestTask): Promise<GuestDone> {
  work.context.signal.throwIfAborted();
  switch (task.case) {
    case 'createGuest':
      return createGuest(work, task.value);
    case 'startGuest':
      return startGuest(work);
    case 'stopGuest':
      return stopGuest(work, task.value);
    case 'deleteGuest':
      return deleteGuest(work, task.value);
    case 'configureGuest':
      return configureGuest(work, task.value);
    case 'configureEnvironment':
      return configureEnvironment(work, task.value);
    case 'inspectGuest':
      return inspectGuest(work);
  }
}

/** @throws what is neither PVE's refusal nor a cancellation: a fault of ours */
function outcomeOf(error: unknown, signal: AbortSignal): CommandOutcome {
  if (signal.aborted) return { ok: false, code: CommandFailureCode.CANCELLED, message: 'the command was cancelled' };
  if (!(error instanceof PveFailure)) throw error;
  const { code, message, logTail } = error;
  return { ok: false, code, message, logTail };
}
