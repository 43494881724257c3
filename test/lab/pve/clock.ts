import { setTimeout as delay } from 'node:timers/promises';

/** What the simulator knows of time. Every delay of a task, a refusal or a lock goes through it. */
export interface PveClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds (0 or less: at the next turn), or as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: PveClock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(Math.max(0, ms), undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/** Seconds since the epoch, as the API gives times. */
export function seconds(clock: PveClock): number {
  return Math.floor(clock.now() / 1000);
}
