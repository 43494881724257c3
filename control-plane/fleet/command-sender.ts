import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Logger } from '../log.ts';
import { agentById } from '../store/agents.ts';
import { commandMessage, markCommandSent, openCommands } from '../store/commands.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { type Reporter, write } from './reports.ts';
import type { Say } from './session.ts';

/** What sending commands works with. */
export interface CommandSenderOptions {
  store: Store;
  reporter: Reporter;
  clock: Clock;
  say(message: Say): void;
  log: Logger;
}

/**
 * Sends an agent its commands: each once a session, and in every session anew until its result is here. The agent's
 * journal makes that harmless.
 */
export class CommandSender {
  readonly #options: CommandSenderOptions;
  readonly #sent = new Map<string, 'command' | 'cancel'>();
  #awake = false;

  constructor(options: CommandSenderOptions) {
    this.#options = options;
  }

  /** @returns whether a turn of `look` is to be taken; not while one is on its way */
  wake(): boolean {
    const first = !this.#awake;
    this.#awake = true;
    return first;
  }

  /** Looks for commands to send or to stop. @returns the agent's row as it is now */
  async look(): Promise<Row<'agents'> | undefined> {
    this.#awake = false;
    const { store, reporter } = this.#options;
    const row = await agentById(store.db, reporter.agentId);
    if (row?.status !== 'active' || row.epoch !== reporter.epoch || row.ahead_generation !== null) return row;
    for (const command of await openCommands(store.db, reporter.agentId)) {
      if (command.state === 'cancelled') this.#stop(command.id);
      else if (!this.#sent.has(command.id)) await this.#send(command);
    }
    return row;
  }

  /** A command's result is stored. */
  done(id: string): void {
    this.#sent.delete(id);
  }

  async #send(command: Row<'commands'>): Promise<void> {
    const { store, reporter, say, log } = this.#options;
    if (command.state === 'queued' && !(await this.#mark(store, reporter, command.id))) return;
    this.#sent.set(command.id, 'command');
    say({ case: 'command', value: commandMessage(store.secrets, command, BigInt(reporter.epoch)) });
    log.info({ agent: reporter.agentId, ...aboutCommand(command) }, 'command sent');
  }

  #mark(store: Store, reporter: Reporter, id: string): Promise<boolean> {
    return store.transaction(async (tx) => {
      await write(tx, reporter, {});
      return markCommandSent(tx, id);
    });
  }

  #stop(commandId: string): void {
    if (this.#sent.get(commandId) === 'cancel') return;
    this.#sent.set(commandId, 'cancel');
    this.#options.say({ case: 'cancel', value: { commandId } });
  }
}

/** What lines of the log say of a command. */
export function aboutCommand(command: Row<'commands'>) {
  return { requestId: command.request_id, command: command.id, operation: command.operation_id };
}
