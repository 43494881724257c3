/**
 * Executes commands: each id once as far as anybody can tell, commands to the same guest one after another, the
 * rest side by side. The journal has the last word on an id; what is refused before it begins is not journalled,
 * because the same command may be allowed a moment later.
 */

import {
  type Command,
  CommandFailureCode,
  type CommandProgressSchema,
  type CommandResult,
  CommandResultSchema,
} from '@berth/proto/agent/v1/command_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { inLogScope, type LogScope } from '@berth/proto/contract/log-scope.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { CommandJournal, JournalEntry } from './command-journal.ts';
import type { AgentFigures } from './figures.ts';
import type { Logger } from './logger.ts';
import type { CommandOutcome, RoleModule } from './role.ts';

/** Lines of a running command that are kept for a session to come. */
const KEEP_LINES = 1_000;

type Progress = MessageInitShape<typeof CommandProgressSchema>;

/** Where results and progress go; without a session they are dropped and sent again later. */
export interface CommandSink {
  result(result: CommandResult): void;
  progress(progress: Progress): void;
}

/** What a runner needs. */
export interface CommandRunnerOptions {
  roles: readonly RoleModule[];
  journal: CommandJournal;
  clock: Clock;
  log: Logger;
  figures?: AgentFigures;
  sink: CommandSink;
  /** Generation the host runs now. */
  runningGeneration(): bigint;
}

interface Execution {
  abort: AbortController;
  lines: Progress[];
}

/** Runs the commands of one agent. */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;
  readonly #executions = new Map<string, Execution>();
  readonly #queues = new Map<string, Promise<void>>();
  #stopping = false;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /** Takes a command, new or repeated. Resolves when it has been answered or is being executed already. */
  handle(command: Command): Promise<void> {
    const scope: LogScope = { requestId: command.requestId, command: command.id };
    return inLogScope(scope, () => this.#handle(command));
  }

  async #handle(command: Command): Promise<void> {
    const known = this.#options.journal.get(command.id);
    const refusal = this.#refusal(command, known);
    if (known?.result) this.#options.sink.result(known.result);
    else if (this.#stopping || this.#executions.has(command.id)) return;
    else if (refusal) {
      this.#options.log.warn({ task: command.task.case, why: wordsOf(refusal) }, 'command refused');
      this.#options.sink.result(this.#resultOf(command.id, refusal));
    } else await this.#begin(command);
  }

  /** Stops a command if that is still possible; one that is not known here is marked so that it never begins. */
  async cancel(id: string): Promise<void> {
    const execution = this.#executions.get(id);
    const known = this.#options.journal.get(id);
    if (execution) execution.abort.abort(new Error('cancelled'));
    else if (known?.result) this.#options.sink.result(known.result);
    else await this.#end(id, cancelled());
  }

  /** Tells a new session what the last one may have missed. */
  resend(): void {
    for (const { lines } of this.#executions.values()) for (const line of lines) this.#options.sink.progress(line);
    this.resendResults();
  }

  /** Sends results that are not acknowledged again. */
  resendResults(): void {
    for (const result of this.#options.journal.unacknowledged()) this.#options.sink.result(result);
  }

  /** Interrupts what runs; it stays unfinished in the journal and is executed again when it is sent again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { abort } of this.#executions.values()) abort.abort(new Error('the agent is stopping'));
    await Promise.all(this.#queues.values());
  }

  async #begin(command: Command): Promise<void> {
    const execution: Execution = { abort: new AbortController(), lines: [] };
    this.#executions.set(command.id, execution);
    try {
      await this.#inTurn(queueOf(command), () => this.#execute(command, execution));
    } finally {
      this.#executions.delete(command.id);
    }
  }

  #refusal(command: Command, known: JournalEntry | undefined): CommandOutcome | undefined {
    if (!this.#roleFor(command)) {
      return failure(
        CommandFailureCode.UNSUPPORTED,
        `no role of this agent takes ${command.task.case ?? 'this command'}`,
      );
    }
    const begun = known !== undefined && Object.keys(known.notes).length > 0;
    if (!begun && this.#isLate(command)) return failure(CommandFailureCode.DEADLINE, 'the deadline had passed');
    const running = this.#options.runningGeneration();
    if (command.expectedGeneration <= running) return undefined;
    const message = `generation ${running} is running, ${command.expectedGeneration} is expected`;
    return failure(CommandFailureCode.GENERATION, message);
  }

  async #execute(command: Command, execution: Execution): Promise<void> {
    const { id, task } = command;
    const { clock, log } = this.#options;
    const began = clock.now();
    log.info({ task: task.case }, 'command begun');
    const outcome = await this.#outcome(command, execution);
    const interrupted = this.#stopping && !outcome.ok;
    const durationMs = clock.now() - began;
    log.info({ task: task.case, ok: outcome.ok, why: wordsOf(outcome), interrupted, durationMs }, 'command ended');
    if (interrupted) return;
    this.#options.figures?.commandEnded(outcome.ok);
    await this.#end(id, outcome);
  }

  async #outcome(command: Command, execution: Execution): Promise<CommandOutcome> {
    const { signal } = execution.abort;
    if (signal.aborted) return cancelled();
    const role = this.#roleFor(command);
    try {
      const entry = await this.#options.journal.receive(command.id);
      const refusal = this.#refusal(command, entry);
      if (refusal || !role) return refusal ?? cancelled();
      return await role.execute(command, this.#contextOf(command.id, execution));
    } catch (error) {
      if (signal.aborted) return cancelled();
      this.#options.log.error({ err: error, command: command.id, task: command.task.case }, 'command threw');
      return failure(CommandFailureCode.TASK_FAILED, error instanceof Error ? error.message : String(error));
    }
  }

  #contextOf(id: string, execution: Execution) {
    const { journal } = this.#options;
    return {
      signal: execution.abort.signal,
      progress: (line: string) => this.#progress(id, execution, line),
      notes: {
        read: () => ({ ...journal.get(id)?.notes }),
        write: (notes: Record<string, string>) => journal.note(id, notes),
      },
    };
  }

  #progress(id: string, execution: Execution, line: string): void {
    const { journal, clock, log, sink } = this.#options;
    const { seq, written } = journal.countProgress(id);
    written.catch((error) => log.warn({ err: error, command: id }, 'progress is not in the journal'));
    const progress = { commandId: id, seq: BigInt(seq), line, at: timestampFromMs(clock.now()) };
    execution.lines.push(progress);
    if (execution.lines.length > KEEP_LINES) execution.lines.shift();
    sink.progress(progress);
  }

  async #end(id: string, outcome: CommandOutcome): Promise<void> {
    const result = this.#resultOf(id, outcome);
    try {
      await this.#options.journal.finish(result);
    } catch (error) {
      // The work is done all the same; telling so is better than doing it twice.
      this.#options.log.error({ err: error, command: id }, 'the result is not in the journal');
    }
    this.#options.sink.result(result);
  }

  #resultOf(commandId: string, outcome: CommandOutcome): CommandResult {
    const finishedAt = timestampFromMs(this.#options.clock.now());
    if (outcome.ok) {
      const value = { ...outcome.success };
      return create(CommandResultSchema, { commandId, finishedAt, outcome: { case: 'success', value } });
    }
    const { code, message, logTail = [] } = outcome;
    return create(CommandResultSchema, {
      commandId,
      finishedAt,
      outcome: { case: 'failure', value: { code, message, logTail } },
    });
  }

  #isLate({ deadline }: Command): boolean {
    return deadline !== undefined && timestampMs(deadline) < this.#options.clock.now();
  }

  #roleFor({ task }: Command): RoleModule | undefined {
    return this.#options.roles.find((role) => (role.commands as readonly unknown[]).includes(task.case));
  }

  #inTurn(key: string, run: () => Promise<void>): Promise<void> {
    const turn = (this.#queues.get(key) ?? Promise.resolve()).then(run);
    this.#queues.set(key, turn);
    return turn.finally(() => {
      if (this.#queues.get(key) === turn) this.#queues.delete(key);
    });
  }
}

/** Commands of one queue run one after another; looking at a guest disturbs nobody and waits for nobody. */
function queueOf({ id, task }: Command): string {
  const guest = task.case !== 'inspectGuest' && task.value && 'guest' in task.value ? task.value.guest : undefined;
  return guest ? `guest ${guest.vmid}` : `command ${id}`;
}

function failure(code: CommandFailureCode, message: string): CommandOutcome {
  return { ok: false, code, message };
}

/** Why a command did not succeed; undefined where it did. */
function wordsOf(outcome: CommandOutcome): string | undefined {
  return outcome.ok ? undefined : `${CommandFailureCode[outcome.code]}: ${outcome.message}`;
}

function cancelled(): CommandOutcome {
  return failure(CommandFailureCode.CANCELLED, 'the command was cancelled');
}
