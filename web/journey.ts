/** Sending a browser to an identity provider, and knowing it again when it is back. */
import type { OidcJourney } from '@berth/proto/api/v1/oidc_pb.js';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { html } from 'hono/html';
import { layout } from './layout.ts';
import type { WebEnv } from './session.ts';

/** Each journey has its own cookie, so that two that begin in two windows do not disturb each other. */
function cookieOf(state: string): string {
  return `berth-journey-${state.replace(/[^\w-]/g, '').slice(0, 12)}`;
}

/**
 * Sends the browser to the provider. By a page that goes on by itself, for the pages' policy lets no form lead to
 * another server, not by a redirect either.
 */
export function sendToProvider(c: Context<WebEnv>, journey: OidcJourney): Response | Promise<Response> {
  const { secure } = c.get('options');
  const { authorizationUrl: url, providerDisplayName: name, state, browserToken, expiresAt } = journey;
  setCookie(c, cookieOf(state), browserToken, {
    httpOnly: true,
    // The browser comes back from another site, by a link: "Lax" is as far as it may go.
    sameSite: 'Lax',
    path: '/',
    ...(expiresAt && { expires: timestampDate(expiresAt) }),
    secure,
    ...(secure ? { prefix: 'host' } : {}),
  });
  c.header('cache-control', 'no-store');
  c.header('refresh', `0; url=${new URL(url).href}`);
  const body = html`<h1>On to ${name}</h1>
    <p><a href="${url}">Go on to ${name}</a> if your browser does not do so by itself.</p>`;
  return c.html(layout({ title: `On to ${name}`, user: c.get('user'), body }));
}

/** What the browser kept for a journey that is back; it keeps it no longer. */
export function takeBrowserToken(c: Context<WebEnv>, state: string): string {
  const { secure } = c.get('options');
  const name = cookieOf(state);
  const token = getCookie(c, name, secure ? 'host' : undefined) ?? '';
  deleteCookie(c, secure ? `__Host-${name}` : name, { path: '/', secure });
  return token;
}
