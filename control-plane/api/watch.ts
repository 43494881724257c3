import { createWaker } from '../operations/waker.ts';
import type { Topic } from '../store/store.ts';
import type { ApiDeps } from './deps.ts';

/** Milliseconds between two looks when the feed is silent. */
const POLL_MS = 5_000;

/**
 * Looks at once, then whenever something relevant moved, and slowly without; ends quietly when the caller leaves.
 * @param look yields what is new; `done` ends the watch
 */
export async function* watch<T>(
  { app }: ApiDeps,
  signal: AbortSignal,
  relevant: (topic: Topic) => boolean,
  look: () => Promise<{ news: T[]; done: boolean }>,
): AsyncIterable<T> {
  const waker = createWaker(app.store.feed, app.clock, POLL_MS, relevant);
  try {
    while (!signal.aborted) {
      const { news, done } = await look();
      yield* news;
      if (done) return;
      await waker.next(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  } finally {
    waker.close();
  }
}
