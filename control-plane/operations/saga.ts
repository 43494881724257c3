import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { LoginsPort } from '../app/app-deps.ts';
import type { Store, Tx } from '../store/store.ts';
import type { OperationData } from './operation-data.ts';

/** What an operation is about; never changes. */
export interface OperationSubject {
  id: string;
  kind: string;
  siteId: string;
  containerId: string;
  hostname: string;
  /** Of the call that asked for it. */
  requestId: string;
}

/** What one look at the world found. */
export type Look<T> = { done: T } | { waiting: string };

/** What a step works with. Everything durable goes through `commit`, which fails once another replica took over. */
export interface StepContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** What guests are told about logins; absent where no directory is offered to them. */
  readonly logins?: LoginsPort | undefined;
  readonly operation: OperationSubject;
  /** What earlier steps, and this one before a crash, have found. */
  readonly data: OperationData;
  /** Aborted at the step's time-out, at the loss of the lease and when the engine stops. */
  readonly signal: AbortSignal;
  /** Runs one transaction as the operation's holder; the patch it returns is merged into `data` and stored with it. */
  commit(work: (tx: Tx) => Promise<Partial<OperationData>>): Promise<void>;
  /** Appends lines to the operation's log. */
  log(...lines: string[]): Promise<void>;
  /**
   * Looks again whenever something moved, and slowly without; the reason for waiting is shown to whoever watches.
   * @throws AppError "step_timed_out" with the last reason at the step's time-out
   */
  waitFor<T>(look: () => Promise<Look<T>>): Promise<T>;
}

/** When a failed step is tried again: only for what is transient, except `forEver`, which never gives up. */
export type RetryRule = { attempts: number } | 'forEver';

/** One step; `do` and `undo` may run several times and after a crash in the middle, and must not mind. */
export interface Step {
  name: string;
  /** For people. */
  title: string;
  /** Longest time one attempt may take, in milliseconds. */
  timeoutMs: number;
  retry: RetryRule;
  do(context: StepContext): Promise<void>;
  /** Takes back what `do` did or may have done in part; repeated until it succeeds. Absent: nothing to take back. */
  undo?(context: StepContext): Promise<void>;
}

/** A kind of operation. */
export interface Saga {
  kind: string;
  steps: readonly Step[];
}
