import { Code, ConnectError } from '@connectrpc/connect';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { layout } from './layout.ts';
import type { WebEnv } from './session.ts';

const STATUS: Partial<Record<Code, ContentfulStatusCode>> = {
  [Code.InvalidArgument]: 400,
  [Code.Unauthenticated]: 401,
  [Code.PermissionDenied]: 403,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.FailedPrecondition]: 409,
  [Code.ResourceExhausted]: 429,
  [Code.Unavailable]: 503,
};

/** HTTP status that fits an error of the API. */
export function statusOf(error: ConnectError): ContentfulStatusCode {
  return STATUS[error.code] ?? 500;
}

/** What went wrong, as a page. */
export function errorPage(c: Context<WebEnv>, error: Error | 404, text?: string): Response | Promise<Response> {
  if (error instanceof HTTPException) return error.getResponse();
  const failure = error === 404 ? undefined : ConnectError.from(error);
  const message = text ?? failure?.rawMessage ?? '';
  const body = html`<h1>That did not work</h1>
    <p class="error" role="alert">${message}</p>
    <p><a href="/">Back to the containers</a></p>`;
  return c.html(layout({ title: 'Error', body, user: c.get('user') }), failure ? statusOf(failure) : 404);
}
