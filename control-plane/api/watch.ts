import type { HandlerContext } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { createWaker } from '../operations/waker.ts';
import type { Topic } from '../store/store.ts';
import { callerAgain, callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

/** Milliseconds between two looks when the feed is silent. */
const POLL_MS = 5_000;

/**
 * Looks in the name of whoever calls, at once, then whenever something relevant moved, and slowly without; ends quietly when the caller leaves.
 * @param look yields what is new; `done` ends the watch
 */
export async function* watch<T>(
  { app }: ApiDeps,
  context: HandlerContext,
  relevant: (topic: Topic) => boolean,
  look: (caller: Caller) => Promise<{ news: T[]; done: boolean }>,
): AsyncIterable<T> {
  const { signal } = context;
  const { userId } = callerOf(context);
  // Rights may be withdrawn in the middle: whoever watches is looked up again before each look.
  const moved = (topic: Topic) =>
    relevant(topic) || topic.kind === 'directory' || (topic.kind === 'user' && topic.id === userId);
  const waker = createWaker(app.store.feed, app.clock, POLL_MS, moved);
  try {
    while (!signal.aborted) {
      const { news, done } = await look(await callerAgain(context));
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
