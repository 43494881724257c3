/**
 * Commands as rows: queued by an operation, sent by whichever replica holds the agent's session, done when the
 * agent's result is here. A row is marked as sent before its message leaves, so a command that was never marked was
 * never begun and may be withdrawn; one that was is asked about until its result is known. What a command says lies
 * sealed in its row, since some say secrets, and is dropped with its end.
 */
import {
  type Command,
  CommandFailureCode,
  type CommandProgress,
  type CommandResult,
  CommandResultSchema,
  CommandSchema,
} from '@berth/proto/agent/v1/command_pb.js';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { newId } from '../ids.ts';
import type { Row } from './schema.ts';
import type { SecretBox } from './secrets.ts';
import type { Db, Store, Tx } from './store.ts';

const SAFETY_POLL_MS = 2_000;

/** What an agent is to do. */
export interface NewCommand {
  /** Chosen by the caller so that asking twice is asking once; made when absent. */
  id?: string;
  agentId: string;
  operationId?: string;
  /** Of the call it comes from. */
  requestId?: string;
  task: Exclude<MessageInitShape<typeof CommandSchema>['task'], undefined>;
  /** Milliseconds from now after which the agent does not begin it any more. */
  deadlineMs: number;
  /** Generation the agent must run before it begins. */
  expectedGeneration?: bigint;
}

/**
 * Queues a command for an agent; it is sent once the transaction has committed. An identifier that is there already is
 * left as it is.
 * @returns the identifier
 */
export async function queueCommand(tx: Tx, command: NewCommand): Promise<string> {
  const id = command.id ?? newId('cmd', tx.now);
  if (await commandById(tx.db, id)) return id;
  const deadlineAt = tx.now + command.deadlineMs;
  const message = create(CommandSchema, {
    id,
    expectedGeneration: command.expectedGeneration ?? 0n,
    deadline: timestampFromMs(deadlineAt),
    task: command.task,
    requestId: command.requestId ?? '',
  });
  await tx.db
    .insertInto('commands')
    .values({
      id,
      agent_id: command.agentId,
      operation_id: command.operationId ?? null,
      request_id: command.requestId ?? '',
      state: 'queued',
      payload: tx.secrets.seal(Buffer.from(toBinary(CommandSchema, message)).toString('base64'), contextOf(id)),
      result: null,
      deadline_at: deadlineAt,
      created_at: tx.now,
      finished_at: null,
    })
    .execute();
  tx.nudge({ kind: 'agent', id: command.agentId });
  return id;
}

/** One command. */
export function commandById(db: Db, id: string): Promise<Row<'commands'> | undefined> {
  return db.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Commands of an agent that have no result yet, oldest first. */
export function openCommands(db: Db, agentId: string): Promise<Row<'commands'>[]> {
  return db
    .selectFrom('commands')
    .selectAll()
    .where('agent_id', '=', agentId)
    .where('state', 'in', ['queued', 'sent', 'cancelled'])
    .where('result', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The message of a command's row that has no result yet, to be sent under an epoch. */
export function commandMessage(
  secrets: SecretBox,
  row: Pick<Row<'commands'>, 'id' | 'payload'>,
  epoch: bigint,
): Command {
  const payload = Buffer.from(secrets.open(row.payload, contextOf(row.id)), 'base64');
  return { ...fromBinary(CommandSchema, new Uint8Array(payload)), epoch };
}

function contextOf(id: string): string {
  return `commands.payload:${id}`;
}

/** Marks a queued command as sent. @returns false when it was withdrawn meanwhile */
export async function markCommandSent(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('commands')
    .set({ state: 'sent' })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Stores an agent's result, once. A result for a command that is gone or belongs to somebody else is taken without a
 * trace, so that the agent stops repeating it.
 * @returns the command that ended by it; undefined when none did
 */
export async function recordCommandResult(
  tx: Tx,
  agentId: string,
  result: CommandResult,
): Promise<Row<'commands'> | undefined> {
  const row = await commandById(tx.db, result.commandId);
  return row?.agent_id === agentId && (await finish(tx, row, result)) ? row : undefined;
}

/**
 * Takes note of a line of progress.
 * @returns the operation whose log wants the line; undefined when the line is a repetition or nobody watches
 */
export async function recordCommandProgress(
  tx: Tx,
  agentId: string,
  progress: CommandProgress,
): Promise<string | undefined> {
  const seq = Number(progress.seq);
  const { numUpdatedRows } = await tx.db
    .updateTable('commands')
    .set({ progress_seq: seq })
    .where('id', '=', progress.commandId)
    .where('agent_id', '=', agentId)
    .where('progress_seq', '<', seq)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return undefined;
  return (await commandById(tx.db, progress.commandId))?.operation_id ?? undefined;
}

/**
 * Withdraws a command. One that was not sent ends at once as CANCELLED; for one that was, the agent is asked to stop,
 * and its answer says what came of it.
 */
export async function cancelCommand(store: Store, id: string): Promise<void> {
  await store.transaction(async (tx) => {
    const row = await commandById(tx.db, id);
    if (row?.state === 'queued') await finish(tx, row, withdrawn(row, CommandFailureCode.CANCELLED, 'withdrawn'));
    if (row?.state !== 'sent') return;
    await tx.db.updateTable('commands').set({ state: 'cancelled' }).where('id', '=', id).execute();
    tx.nudge({ kind: 'agent', id: row.agent_id });
  });
}

/** Ends commands whose deadline passed before they could be sent. */
export async function expireCommands(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    const rows = await tx.db
      .selectFrom('commands')
      .selectAll()
      .where('state', '=', 'queued')
      .where('deadline_at', '<=', tx.now)
      .execute();
    for (const row of rows) {
      await finish(tx, row, withdrawn(row, CommandFailureCode.DEADLINE, 'the agent was not connected in time'));
    }
  });
}

/** Ends every open command of an agent that will never answer. */
export async function abandonCommands(tx: Tx, agentId: string, why: string): Promise<void> {
  for (const row of await openCommands(tx.db, agentId)) {
    await finish(tx, row, withdrawn(row, CommandFailureCode.UNAVAILABLE, why));
  }
}

/** Ends every open command of an operation that will never ask for its result. */
export async function endCommandsOf(tx: Tx, operationId: string, code: CommandFailureCode, why: string): Promise<void> {
  const open = tx.db.selectFrom('commands').selectAll().where('operation_id', '=', operationId);
  for (const row of await open.where('result', 'is', null).execute()) await finish(tx, row, withdrawn(row, code, why));
}

/** Drops commands that ended before a moment. */
export async function pruneCommands(tx: Tx, before: number): Promise<void> {
  await tx.db.deleteFrom('commands').where('finished_at', '<', before).execute();
}

/**
 * Waits for the result of a command.
 * @throws the signal's reason when it is aborted; Error when there is no such command
 */
export async function commandOutcome(store: Store, id: string, signal: AbortSignal): Promise<CommandResult> {
  const moved = new AbortableTurn(store, signal);
  try {
    for (;;) {
      signal.throwIfAborted();
      const row = await commandById(store.db, id);
      if (!row) throw new Error(`there is no command ${id}`);
      if (row.result) return fromBinary(CommandResultSchema, new Uint8Array(row.result));
      await moved.next();
    }
  } finally {
    moved.close();
  }
}

/** "Something moved", seen from its making on, so that nothing between a look and a wait is missed. */
class AbortableTurn {
  #moved = false;
  #wake: () => void = () => undefined;
  #store: Store;
  #signal: AbortSignal;
  #unsubscribe: () => void;
  #onAbort = () => this.#wake();

  constructor(store: Store, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
    this.#unsubscribe = store.feed.subscribe(({ kind }) => {
      if (kind !== 'operation' && kind !== 'agent') return;
      this.#moved = true;
      this.#wake();
    });
    signal.addEventListener('abort', this.#onAbort);
  }

  async next(): Promise<void> {
    if (!this.#moved && !this.#signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = this.#store.clock.after(SAFETY_POLL_MS, resolve);
      this.#wake = resolve;
      await promise;
      cancel();
    }
    this.#moved = false;
  }

  close(): void {
    this.#unsubscribe();
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

/** @returns false where it had ended before */
async function finish(tx: Tx, row: Row<'commands'>, result: CommandResult): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('commands')
    .set({
      state: 'done',
      payload: new Uint8Array(),
      result: toBinary(CommandResultSchema, result),
      finished_at: tx.now,
    })
    .where('id', '=', row.id)
    .where('result', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  if (row.operation_id) tx.nudge({ kind: 'operation', id: row.operation_id });
  else tx.nudge({ kind: 'agent', id: row.agent_id });
  return true;
}

function withdrawn(row: Row<'commands'>, code: CommandFailureCode, message: string): CommandResult {
  return create(CommandResultSchema, {
    commandId: row.id,
    outcome: { case: 'failure', value: { code, message } },
  });
}
