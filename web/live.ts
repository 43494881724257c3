import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Html } from './layout.ts';
import type { WebEnv } from './session.ts';

/** Sends a region of a page anew each time it changes; the same region twice is sent once. */
export type SendRegion = (region: Html) => Promise<void>;

/**
 * Serves a live region as server-sent events. `follow` runs until the watcher leaves (its signal) or it has nothing
 * more to say; then the browser is told not to come back.
 */
export function liveRegion(
  c: Context<WebEnv>,
  follow: (send: SendRegion, signal: AbortSignal) => Promise<void>,
): Response {
  const aborter = new AbortController();
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => aborter.abort());
    let last = '';
    const send: SendRegion = async (region) => {
      const text = String(await region);
      if (text === last) return;
      last = text;
      await stream.writeSSE({ event: 'region', data: text });
    };
    try {
      await follow(send, aborter.signal);
      await stream.writeSSE({ event: 'end', data: '' });
    } catch (error) {
      if (!aborter.signal.aborted) throw error;
    }
  });
}
