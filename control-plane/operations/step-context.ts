import { AppError } from '../errors.ts';
import { appendLog } from '../store/operations.ts';
import type { Tx } from '../store/store.ts';
import type { OperationData } from './operation-data.ts';
import type { RunDeps } from './operation-run.ts';
import type { Look, OperationSubject, Step, StepContext } from './saga.ts';
import { createWaker, type Waker } from './waker.ts';

/** A step's context while one attempt runs. */
export interface OpenStepContext extends StepContext {
  /** The failure to report when the attempt was cut short by its time-out. */
  timedOut(): AppError | undefined;
  /** Ends timers and subscriptions. */
  close(): void;
}

interface Options {
  deps: RunDeps;
  subject: OperationSubject;
  state: { data: OperationData };
  step: Step;
  /** Aborted at the loss of the lease and when the engine stops. */
  stop: AbortSignal;
  write(work: (tx: Tx) => Promise<void>): Promise<void>;
}

/** Opens the context of one attempt at a step; the time-out runs from here. */
export function openStepContext({ deps, subject, state, step, stop, write }: Options): OpenStepContext {
  const timeout = new AbortController();
  const cancelTimer = deps.clock.after(step.timeoutMs, () => timeout.abort(new Error('the step timed out')));
  const signal = AbortSignal.any([stop, timeout.signal]);
  let reason = '';
  let waker: Waker | undefined;
  const timedOut = () => (timeout.signal.aborted ? timeoutError(step, reason) : undefined);

  return {
    store: deps.store,
    clock: deps.clock,
    random: deps.random,
    logins: deps.logins,
    operation: subject,
    signal,
    timedOut,
    get data() {
      return state.data;
    },
    async commit(work) {
      let next = state.data;
      await write(async (tx) => {
        next = { ...state.data, ...(await work(tx)) };
        await tx.db
          .updateTable('operations')
          .set({ data: JSON.stringify(next) })
          .where('id', '=', subject.id)
          .execute();
      });
      state.data = next;
    },
    log: (...lines) => write((tx) => appendLog(tx, subject.id, step.name, lines)),
    async waitFor<T>(look: () => Promise<Look<T>>): Promise<T> {
      waker ??= createWaker(deps.store.feed, deps.clock, deps.pollMs, (topic) => concerns(topic, subject));
      let shown = '';
      for (let polled = false; ; ) {
        const seen = await look();
        if ('done' in seen) return seen.done;
        reason = seen.waiting;
        if (polled && reason !== shown) {
          await write((tx) => note(tx, subject.id, step.name, reason));
          shown = reason;
        }
        polled = (await next(waker, signal, timedOut)) === 'poll' || polled;
      }
    },
    close() {
      cancelTimer();
      waker?.close();
    },
  };
}

/** An abort by time-out becomes the time-out's error; any other abort passes as it is. */
async function next(waker: Waker, signal: AbortSignal, timedOut: () => AppError | undefined) {
  try {
    return await waker.next(signal);
  } catch (error) {
    throw timedOut() ?? error;
  }
}

function concerns(topic: { kind: string; id: string }, subject: OperationSubject): boolean {
  if (topic.kind === 'agent') return true;
  return topic.id === subject.siteId || topic.id === subject.containerId || topic.id === subject.id;
}

async function note(tx: Tx, operationId: string, step: string, reason: string): Promise<void> {
  await tx.db
    .updateTable('operation_steps')
    .set({ error: reason })
    .where('operation_id', '=', operationId)
    .where('name', '=', step)
    .execute();
}

function timeoutError(step: Step, reason: string): AppError {
  const seconds = Math.round(step.timeoutMs / 1000);
  return new AppError('deadline_exceeded', {
    reason: 'step_timed_out',
    message: `${step.title}: not done within ${seconds} s${reason ? `; ${reason}` : ''}.`,
  });
}
