import { type CommandFailure, CommandFailureCode, type CommandSuccess } from '@berth/proto/agent/v1/command_pb.js';
import { AppError, type ErrorCode } from '../errors.ts';
import { newId } from '../ids.ts';
import { commandOutcome, type NewCommand, queueCommand } from '../store/commands.ts';
import type { Tx } from '../store/store.ts';
import type { StepContext } from './saga.ts';

/** A command's task as it is written. */
export type Task = NewCommand['task'];

/** What to have done by whom. */
export interface CommandRequest {
  /** What it is for within the operation; the same key after a crash means the same command. */
  key: string;
  agentId: string;
  /** Or how to make it, in the transaction that queues it: for what must not be made twice or left lying about. */
  task: Task | ((tx: Tx) => Promise<Task>);
  /** Milliseconds after which the agent does not begin it any more. */
  deadlineMs: number;
}

const FAILURES: Partial<Record<CommandFailureCode, [ErrorCode, string]>> = {
  [CommandFailureCode.UNAVAILABLE]: ['unavailable', 'host_unavailable'],
  [CommandFailureCode.VMID_TAKEN]: ['already_exists', 'vmid_taken'],
  [CommandFailureCode.NOT_OURS]: ['failed_precondition', 'guest_not_ours'],
  [CommandFailureCode.NOT_FOUND]: ['not_found', 'guest_not_found'],
  [CommandFailureCode.INVALID]: ['invalid_argument', 'refused_by_pve'],
  [CommandFailureCode.PERMISSION]: ['permission_denied', 'token_lacks_privilege'],
  [CommandFailureCode.LOCKED]: ['unavailable', 'guest_locked'],
  [CommandFailureCode.DEADLINE]: ['unavailable', 'agent_too_late'],
  [CommandFailureCode.GENERATION]: ['unavailable', 'generation_not_running'],
  [CommandFailureCode.UNSUPPORTED]: ['failed_precondition', 'agent_too_old'],
  [CommandFailureCode.TASK_FAILED]: ['failed_precondition', 'task_failed'],
  [CommandFailureCode.CANCELLED]: ['unavailable', 'command_cancelled'],
};

/**
 * Has an agent do something and waits for its answer. The command is queued in the same write that notes its
 * identifier, as the operation's holder: a crash leads back to the same command, and a holder that was superseded
 * cannot send any more.
 * @throws AppError of the agent's failure, in its own words
 */
export async function runCommand(context: StepContext, request: CommandRequest): Promise<CommandSuccess> {
  const id = context.data.commands?.[request.key] ?? (await queue(context, request));
  const { outcome } = await commandOutcome(context.store, id, context.signal);
  if (outcome.case === 'success') {
    const { warnings } = outcome.value;
    if (warnings.length > 0) await context.log(...warnings.map((warning) => `Warning: ${warning}`));
    return outcome.value;
  }
  await forget(context, request.key);
  if (outcome.case === undefined) {
    throw new AppError('unavailable', { reason: 'command_without_outcome', message: 'The agent gave no outcome.' });
  }
  throw await asError(context, outcome.value);
}

async function queue(context: StepContext, { key, agentId, task, deadlineMs }: CommandRequest): Promise<string> {
  const id = newId('cmd', context.clock.now());
  await context.commit(async (tx) => {
    const made = typeof task === 'function' ? await task(tx) : task;
    const { id: operationId, requestId } = context.operation;
    await queueCommand(tx, { id, agentId, operationId, requestId, task: made, deadlineMs });
    return { commands: { ...context.data.commands, [key]: id } };
  });
  return id;
}

/** The next attempt is a new command: the agent would only repeat the answer to this one. */
export async function forget(context: StepContext, key: string): Promise<void> {
  const { [key]: _, ...commands } = context.data.commands ?? {};
  await context.commit(async () => ({ commands }));
}

async function asError(context: StepContext, failure: CommandFailure): Promise<AppError> {
  const [code, reason] = FAILURES[failure.code] ?? ['failed_precondition', 'command_failed'];
  if (failure.logTail.length > 0) await context.log(...failure.logTail);
  return new AppError(code, {
    reason,
    message: failure.message || `The agent answered ${CommandFailureCode[failure.code]}.`,
  });
}
