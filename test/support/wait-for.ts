import { setTimeout as delay } from 'node:timers/promises';

/** How long and how often {@link waitFor} looks. */
export type WaitForOptions = {
  /** Milliseconds after which it gives up; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks; 25 by default. */
  readonly intervalMs?: number;
  /** What is waited for, as a phrase for the error message. */
  readonly what?: string;
};

/**
 * Calls `condition` until it returns something truthy, and returns that.
 *
 * Real time on purpose: this is for tests that watch other processes. Tests of our own state machines use the
 * virtual clock instead.
 *
 * @throws Error naming `what`, with the last error thrown by `condition` as its cause, when the time is over.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, intervalMs = 25, what = 'condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) throw timedOut(what, timeoutMs, lastError);
    await delay(intervalMs);
  }
}

function timedOut(what: string, timeoutMs: number, cause: unknown): Error {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new Error(`waited ${timeoutMs} ms in vain for ${what}${reason}`, { cause });
}
