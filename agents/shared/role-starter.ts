import { Role } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { AgentFigures } from './figures.ts';
import type { Logger } from './logger.ts';
import type { Reports } from './reports.ts';
import type { RoleContext, RoleModule } from './role.ts';

/** What starting roles needs. */
export interface RoleStarterOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  reports: Reports;
  figures: AgentFigures;
  /** Tries again what was refused or set aside. */
  requestApply(): void;
  /** Makes and returns a role's own state directory. */
  stateDirOf(role: RoleModule): Promise<string>;
}

/** Starts roles, each once. One that does not start stops no other, and can be tried again. */
export class RoleStarter {
  readonly #options: RoleStarterOptions;
  readonly #started = new Set<RoleModule>();
  readonly #capabilities: string[] = [];

  constructor(options: RoleStarterOptions) {
    this.#options = options;
  }

  /** Roles that have been started. */
  get started(): ReadonlySet<RoleModule> {
    return this.#started;
  }

  /** What the started roles' hosts offer. */
  get capabilities(): string[] {
    return [...this.#capabilities];
  }

  /** Starts a role, unless it is started. @throws what the role throws */
  async start(role: RoleModule): Promise<void> {
    if (this.#started.has(role)) return;
    const { clock, random, log, reports, figures, requestApply } = this.#options;
    const stateDir = await this.#options.stateDirOf(role);
    const report: RoleContext['report'] = (message) => {
      if (message.case === 'driftReport' && message.value.repairedAt) figures.driftRepaired(role.role);
      reports.take(role.role, message);
    };
    await role.start({ clock, random, log, stateDir, report, requestApply });
    this.#started.add(role);
    this.#capabilities.push(...(await role.capabilities()));
    reports.wrong(`start ${role.role}`, undefined);
  }

  /** Starts a role and, when that fails, says so in log and health. */
  async startOrTell(role: RoleModule): Promise<void> {
    try {
      await this.start(role);
    } catch (error) {
      const name = Role[role.role].toLowerCase();
      const words = error instanceof Error ? error.message : String(error);
      this.#options.log.error({ err: error, role: name }, 'a role does not start');
      this.#options.reports.wrong(`start ${role.role}`, `the role ${name} does not start: ${words}`);
    }
  }
}
