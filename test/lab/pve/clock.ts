import type { Clock } from '@berth/proto/contract/clock.ts';

/** The machine's clock, with timers that keep the process alive: a simulator does not end amid its tasks. */
export const wallClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds of `clock` (0 or less: at the next turn), or as soon as `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = (): void => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.after(Math.max(0, ms), wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

/** Seconds since the epoch, as the API gives times. */
export function seconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
