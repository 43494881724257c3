import type { Clock } from '@berth/proto/contract/clock.ts';
import type { ChangeFeed, Topic } from '../store/store.ts';

/** Something that tells when it is time to look again. */
export interface Waker {
  /** Resolves at the next relevant topic since the last call, or after the safety poll; rejects when aborted. */
  next(signal: AbortSignal): Promise<'topic' | 'poll'>;
  close(): void;
}

/**
 * Turns the change feed into "look again". It listens from its making on, so nothing that moves between a look and
 * the wait for the next one is missed; the slow poll makes up for lost topics.
 */
export function createWaker(
  feed: ChangeFeed,
  clock: Clock,
  pollMs: number,
  relevant: (topic: Topic) => boolean,
): Waker {
  let moved = false;
  let wake: (() => void) | undefined;
  const unsubscribe = feed.subscribe((topic) => {
    if (!relevant(topic)) return;
    moved = true;
    wake?.();
  });
  return {
    close: unsubscribe,
    async next(signal) {
      if (!moved) await pause(clock, pollMs, signal, (resolve) => (wake = resolve));
      signal.throwIfAborted();
      wake = undefined;
      const why = moved ? 'topic' : 'poll';
      moved = false;
      return why;
    },
  };
}

function pause(clock: Clock, ms: number, signal: AbortSignal, arm: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
    arm(finish);
  });
}
