import { CommandFailureCode, type CommandResult } from '@berth/proto/agent/v1/command_pb.js';
import type { SessionRequest } from '@berth/proto/agent/v1/session_pb.js';
import type { Logger } from '../log.ts';
import type { AgentRole } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { aboutCommand, type CommandSender } from './command-sender.ts';
import { recordPreview } from './held-back.ts';
import type { FleetObserver } from './observer.ts';
import {
  type Reporter,
  recordBackends,
  recordDrift,
  recordGuests,
  recordHealth,
  recordLeases,
  recordProgress,
  recordResult,
} from './reports.ts';
import type { Say } from './session.ts';

type Message = SessionRequest['message'];

/** What reading reports works with. */
export interface ReportReaderOptions {
  store: Store;
  reporter: Reporter;
  log: Logger;
  roles: readonly AgentRole[];
  commands: CommandSender;
  say(message: Say): void;
  observe?: FleetObserver | undefined;
}

/** Takes an agent's reports in and acknowledges what it would repeat otherwise. */
export class ReportReader {
  readonly #options: ReportReaderOptions;
  #health = '';

  constructor(options: ReportReaderOptions) {
    this.#options = options;
  }

  /** Stores a report. Reports that none of the agent's roles makes are left out and logged. */
  async take(message: Message): Promise<void> {
    const { store, reporter, log } = this.#options;
    switch (message.case) {
      case 'commandProgress':
        return recordProgress(store, reporter, message.value);
      case 'commandResult':
        return this.#result(message.value);
      case 'leaseReport':
        return this.#allowed('dnsmasq', message.case) ? this.#leases(message.value) : undefined;
      case 'guestReport':
        return this.#allowed('proxmox', message.case) ? recordGuests(store, reporter, message.value) : undefined;
      case 'backendReport':
        return this.#allowed('nginx', message.case) ? recordBackends(store, reporter, message.value) : undefined;
      case 'driftReport':
        return recordDrift(store, reporter, message.value);
      case 'previewResult':
        return recordPreview(store, reporter, message.value);
      case 'health':
        return this.#wellBeing(message.value);
      default:
        log.warn({ agent: reporter.agentId, message: message.case }, 'a message this version does not know');
    }
  }

  async #result(result: Extract<Message, { case: 'commandResult' }>['value']): Promise<void> {
    const { store, reporter, commands, say } = this.#options;
    const command = await recordResult(store, reporter, result);
    if (command) this.#ended(command, outcomeOf(result));
    commands.done(result.commandId);
    say({ case: 'reportAck', value: { commandIds: [result.commandId] } });
  }

  #ended(command: Row<'commands'>, outcome: string): void {
    const { store, reporter, log, observe } = this.#options;
    const durationMs = store.clock.now() - command.created_at;
    log.info({ agent: reporter.agentId, ...aboutCommand(command), outcome, durationMs }, 'command ended');
    observe?.onCommand(outcome, durationMs / 1000);
  }

  async #leases(report: Extract<Message, { case: 'leaseReport' }>['value']): Promise<void> {
    const { store, reporter, say } = this.#options;
    await recordLeases(store, reporter, report);
    say({ case: 'reportAck', value: { leaseSeq: report.seq } });
  }

  // Repeated every half minute by every agent: only what is new is worth a transaction.
  async #wellBeing(health: Extract<Message, { case: 'health' }>['value']): Promise<void> {
    const { store, reporter } = this.#options;
    const seen = JSON.stringify([health.ok, health.findings]);
    if (seen === this.#health) return;
    await recordHealth(store, reporter, health);
    this.#health = seen;
  }

  #allowed(role: AgentRole, report: string): boolean {
    const { roles, reporter, log } = this.#options;
    if (roles.includes(role)) return true;
    log.warn({ agent: reporter.agentId, report }, 'a report that none of the agent’s roles makes');
    return false;
  }
}

/** "success" or the code of the failure in lower case, e.g. "not_found". */
function outcomeOf({ outcome }: CommandResult): string {
  if (outcome.case !== 'failure') return outcome.case ?? 'none';
  return (CommandFailureCode[outcome.value.code] ?? 'unspecified').toLowerCase();
}
