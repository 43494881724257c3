import type { Random } from './random.ts';

/** How a series of retries spreads out; milliseconds. */
export interface BackoffOptions {
  baseMs: number;
  capMs: number;
}

/**
 * Full-jitter exponential back-off: a random time in [0, min(cap, base · 2^attempt)). Spreading over the whole
 * interval is what keeps thousands of agents from coming back in step.
 * @param attempt failures so far, from 0
 */
export function fullJitter(options: BackoffOptions, attempt: number, random: Random): number {
  return Math.floor(random() * backoffCeiling(options, attempt));
}

/** The longest that `fullJitter` waits after so many failures, milliseconds. */
export function backoffCeiling({ baseMs, capMs }: BackoffOptions, attempt: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
