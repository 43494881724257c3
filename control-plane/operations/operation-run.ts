import { fullJitter } from '@berth/proto/contract/backoff.ts';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { LoginsPort } from '../app/app-deps.ts';
import { AppError, unexpected } from '../errors.ts';
import type { Logger } from '../log.ts';
import { appendLog, type Claim, heldWrite, LeaseLost, operationById, stepsOf } from '../store/operations.ts';
import type { Row } from '../store/schema.ts';
import type { Store, Tx } from '../store/store.ts';
import type { OperationData } from './operation-data.ts';
import { RetryLog } from './retry-log.ts';
import type { OperationSubject, Saga, Step, StepContext } from './saga.ts';
import { openStepContext } from './step-context.ts';

/** What a run needs from its engine. */
export interface RunDeps {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  logins?: LoginsPort | undefined;
  leaseMs: number;
  /** Milliseconds between two looks when nothing moved. */
  pollMs: number;
  /** Called after each durable write; throwing ends the run there, as a crash would. */
  onTransition(written: Transition): void;
  onEnded?: ((ended: EndedOperation) => void) | undefined;
}

/** An operation that has ended. */
export interface EndedOperation {
  kind: string;
  state: 'succeeded' | 'failed';
  /** Since it was asked for. */
  seconds: number;
}

/** A durable write that was just made. */
export interface Transition {
  operationId: string;
  step: string;
  /** The step's new state, or "data" for a write in the middle of it, or the operation's last state. */
  state: string;
}

const BACKOFF = { baseMs: 250, capMs: 15_000 };

/** One operation in the hands of one replica, from its claim to its end, or to the loss of the lease. */
export class OperationRun {
  readonly #deps: RunDeps;
  readonly #claim: Claim;
  readonly #saga: Saga;
  readonly #subject: OperationSubject;
  readonly #signal: AbortSignal;
  readonly #createdAt: number;
  readonly #state: { data: OperationData };
  readonly #steps: Row<'operation_steps'>[];
  readonly #retries = new RetryLog();

  private constructor(
    deps: RunDeps,
    claim: Claim,
    saga: Saga,
    row: Row<'operations'>,
    steps: Row<'operation_steps'>[],
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#claim = claim;
    this.#saga = saga;
    this.#steps = steps;
    this.#signal = signal;
    this.#createdAt = row.created_at;
    this.#state = { data: JSON.parse(row.data) as OperationData };
    this.#subject = {
      id: row.id,
      kind: row.kind,
      siteId: row.site_id,
      containerId: row.container_id,
      hostname: row.hostname,
      requestId: row.request_id,
    };
  }

  /**
   * Carries a claimed operation on from where its rows say it is.
   * @throws LeaseLost, the signal's reason, or the store's error; the rows then tell the next holder where to go on
   */
  static async carryOn(deps: RunDeps, claim: Claim, sagas: ReadonlyMap<string, Saga>, signal: AbortSignal) {
    const row = await operationById(deps.store.db, claim.id);
    if (!row || row.lease_epoch !== claim.epoch) throw new LeaseLost(claim.id);
    const saga = sagas.get(row.kind);
    if (!saga) throw new Error(`no saga for operations of kind ${row.kind}`);
    const steps = await stepsOf(deps.store.db, [claim.id]);
    const run = new OperationRun(deps, claim, saga, row, steps, signal);
    deps.log.info({ kind: row.kind, state: row.state, container: row.container_id }, 'operation taken up');
    if (row.state !== 'compensating') {
      if (await run.#forward()) return run.#end('succeeded');
    }
    await run.#compensate();
    await run.#end('failed');
  }

  async #forward(): Promise<boolean> {
    for (const [position, step] of this.#saga.steps.entries()) {
      if (this.#steps[position]?.state === 'done') continue;
      const failure = await this.#attempt(step, position);
      if (failure) {
        await this.#turnRound(step, position, failure);
        return false;
      }
    }
    return true;
  }

  /** Tries a step until it is done or may not be tried again. */
  async #attempt(step: Step, position: number): Promise<AppError | undefined> {
    for (let attempt = 1; ; attempt++) {
      await this.#begin(step, position, 'running');
      const failure = await this.#guard(step, (context) => step.do(context));
      if (!failure) {
        await this.#finish(step, position, { state: 'done', error: '' });
        return undefined;
      }
      if (!mayRetry(step, failure, attempt)) return failure;
      await this.#backOff(step, position, failure, attempt);
    }
  }

  async #compensate(): Promise<void> {
    for (const [position, step] of [...this.#saga.steps.entries()].reverse()) {
      const state = this.#steps[position]?.state;
      if (!step.undo || state === 'pending' || state === 'undone') continue;
      await this.#undo(step, position);
    }
  }

  async #undo(step: Step, position: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#begin(step, position, 'undoing');
      const failure = await this.#guard(step, async (context) => step.undo?.(context));
      if (!failure) {
        await this.#finish(step, position, { state: 'undone' });
        return;
      }
      await this.#backOff(step, position, failure, attempt);
    }
  }

  /** Runs an attempt; its failure is a value, the loss of the lease and the engine's stop are thrown. */
  async #guard(step: Step, work: (context: StepContext) => Promise<void>): Promise<AppError | undefined> {
    const context = openStepContext({
      deps: this.#deps,
      subject: this.#subject,
      state: this.#state,
      step,
      stop: this.#signal,
      write: (work) => this.#write(step.name, 'data', work),
    });
    try {
      await work(context);
      return undefined;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof LeaseLost || error instanceof CrashedHere) throw error;
      return this.#asFailure(step, context, error);
    } finally {
      context.close();
    }
  }

  #asFailure(step: Step, context: { timedOut(): AppError | undefined }, error: unknown): AppError {
    if (error instanceof AppError) return error;
    const timedOut = context.timedOut();
    if (timedOut) return timedOut;
    this.#deps.log.error({ err: error, operation: this.#claim.id, step: step.name }, 'a step failed unexpectedly');
    return unexpected(this.#claim.requestId, error);
  }

  async #begin(step: Step, position: number, state: 'running' | 'undoing'): Promise<void> {
    const row = this.#steps[position];
    const attempts = (row?.attempts ?? 0) + 1;
    if (row) row.attempts = attempts;
    await this.#write(step.name, state, async (tx) => {
      await this.#setStep(tx, position, { state, attempts, started_at: row?.started_at ?? tx.now, finished_at: null });
      if (state === 'running') {
        await tx.db.updateTable('operations').set({ state: 'running' }).where('id', '=', this.#claim.id).execute();
      }
    });
  }

  async #finish(step: Step, position: number, change: { state: 'done' | 'undone'; error?: string }): Promise<void> {
    const lines = this.#retries.end();
    await this.#write(step.name, change.state, async (tx) => {
      await this.#setStep(tx, position, { ...change, finished_at: tx.now });
      await appendLog(tx, this.#claim.id, step.name, lines);
    });
  }

  async #turnRound(step: Step, position: number, failure: AppError): Promise<void> {
    const lines = [...this.#retries.end(), `Failed: ${failure.message}`];
    await this.#write(step.name, 'failed', async (tx) => {
      await this.#setStep(tx, position, { state: 'failed', error: failure.message, finished_at: tx.now });
      await tx.db
        .updateTable('operations')
        .set({ state: 'compensating', error: failure.message, error_reason: failure.reason })
        .where('id', '=', this.#claim.id)
        .execute();
      await appendLog(tx, this.#claim.id, step.name, lines);
    });
  }

  async #backOff(step: Step, position: number, failure: AppError, attempt: number): Promise<void> {
    const lines = this.#retries.again(failure.message);
    await this.#write(step.name, 'retrying', async (tx) => {
      await this.#setStep(tx, position, { error: failure.message });
      await appendLog(tx, this.#claim.id, step.name, lines);
    });
    const { clock, random } = this.#deps;
    await delay(clock, fullJitter(BACKOFF, attempt, random), this.#signal);
  }

  /** Ends the operation and, in the same write, frees its container for the next one. */
  async #end(state: 'succeeded' | 'failed'): Promise<void> {
    const { id, containerId, kind } = this.#subject;
    await this.#write('', state, async (tx) => {
      await tx.db
        .updateTable('operations')
        .set({ state, finished_at: tx.now, lease_owner: null })
        .where('id', '=', id)
        .execute();
      await tx.db
        .updateTable('containers')
        .set({ active_operation_id: null })
        .where('id', '=', containerId)
        .where('active_operation_id', '=', id)
        .execute();
      tx.nudge({ kind: 'container', id: containerId });
    });
    const durationMs = this.#deps.clock.now() - this.#createdAt;
    this.#deps.log.info({ kind, state, durationMs }, 'operation ended');
    this.#deps.onEnded?.({ kind, state, seconds: durationMs / 1000 });
  }

  async #setStep(tx: Tx, position: number, change: Partial<Row<'operation_steps'>>): Promise<void> {
    await tx.db
      .updateTable('operation_steps')
      .set(change)
      .where('operation_id', '=', this.#claim.id)
      .where('position', '=', position)
      .execute();
    const row = this.#steps[position];
    if (row) Object.assign(row, change);
  }

  async #write(step: string, state: string, work: (tx: Tx) => Promise<void>): Promise<void> {
    this.#signal.throwIfAborted();
    await heldWrite(this.#deps.store, this.#claim, this.#deps.leaseMs, work);
    try {
      this.#deps.onTransition({ operationId: this.#claim.id, step, state });
    } catch (error) {
      throw new CrashedHere(error);
    }
  }
}

/** Carries what `onTransition` threw past everything that would handle an ordinary failure. */
class CrashedHere extends Error {
  constructor(cause: unknown) {
    super('the run was ended after a write', { cause });
  }
}

function mayRetry(step: Step, failure: AppError, attempt: number): boolean {
  if (step.retry === 'forEver') return true;
  return (failure.code === 'unavailable' || failure.code === 'internal') && attempt < step.retry.attempts;
}
