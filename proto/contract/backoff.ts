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
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceiling);
}
