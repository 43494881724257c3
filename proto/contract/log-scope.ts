/**
 * Under which identifier things happen. One call has one request id, from the page or the API through the operation and
 * its commands to the agent; whoever begins a piece of work opens its scope, and every line of the log that is written
 * within, however deep, carries the scope's fields.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** What every line of a scope carries. */
export interface LogScope {
  requestId: string;
  /** Identifier of the operation or command the work is about. */
  operation?: string;
  command?: string;
  /** Name of the background work. */
  work?: string;
}

const scopes = new AsyncLocalStorage<LogScope>();

/** Runs something, and all it waits for, within a scope. */
export function inLogScope<T>(scope: LogScope, run: () => T): T {
  return scopes.run(scope, run);
}

/** Runs something outside of every scope: what is told others here is not theirs. */
export function outsideLogScope<T>(run: () => T): T {
  return scopes.exit(run);
}

/** Fields of the scope one is in, for the logger. */
export function logFields(): object {
  return { ...scopes.getStore() };
}

/** The request id of the scope one is in, if any. */
export function currentRequestId(): string | undefined {
  return scopes.getStore()?.requestId;
}

/** A request id as a caller gave it: 1–64 letters, digits, dots, underscores and hyphens; undefined for all others. */
export function acceptedRequestId(given: string | readonly string[] | undefined): string | undefined {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : undefined;
}
