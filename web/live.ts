import { Code, ConnectError } from '@connectrpc/connect';
import type { Context } from 'hono';
import { html } from 'hono/html';
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
      if (aborter.signal.aborted) return;
      if (!isOver(error)) throw error;
      await send(accessEnded());
      await stream.writeSSE({ event: 'end', data: '' });
    }
  });
}

/** Whether whoever watches may not do so any more. */
function isOver(error: unknown): boolean {
  return [Code.NotFound, Code.PermissionDenied, Code.Unauthenticated].includes(ConnectError.from(error).code);
}

function accessEnded(): Html {
  return html`<h1>You may not see this any more</h1>
    <p class="error" role="alert">Your access has ended, or you have been signed out.</p>
    <p><a href="/">Back to the containers</a></p>`;
}
