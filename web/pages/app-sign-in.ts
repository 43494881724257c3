import { AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { createClient } from '@connectrpc/connect';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { refusable } from '../form-errors.ts';
import { layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';

/** The way from Berth on to an app that wants people to sign in first. */
export function appSignInPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const { host = '', path = '', state = '' } = c.req.query();
    const client = createClient(AppSignInService, c.get('transport'));
    const answer = await refusable(client.beginAppSignIn({ host, path, state }));
    c.header('cache-control', 'no-store');
    if (!answer.ok) {
      const { username } = c.get('user');
      const body = html`<h1>Not let in</h1>
        <p class="error" role="alert">${answer.errors.message}</p>
        <p>You are signed in as <b>${username}</b>. To come as somebody else, sign out first.</p>
        <p><a href="/access">Ask for access</a></p>`;
      return c.html(layout({ title: 'Not let in', user: c.get('user'), body }), answer.status);
    }
    // By a page that goes on by itself: the way in may have begun with a form, and the pages' policy lets none lead to
    // another server, not by a redirect either.
    const { location } = answer.value;
    c.header('refresh', `0; url=${new URL(location).href}`);
    const body = html`<h1>On to ${host}</h1>
      <p><a href="${location}">Go on to ${host}</a> if your browser does not do so by itself.</p>`;
    return c.html(layout({ title: `On to ${host}`, user: c.get('user'), body }));
  });
  return pages;
}
