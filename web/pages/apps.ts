import { type AppSignIn, AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { createClient } from '@connectrpc/connect';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { accountTabs } from '../components/account-tabs.ts';
import { momentText } from '../components/moment.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';

/** The apps one is signed in to. */
export function appsPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const client = createClient(AppSignInService, c.get('transport'));
    const pageToken = c.req.query('page') ?? '';
    const { apps, nextPageToken } = await client.listOwnAppSignIns({ pageToken });
    const body = html`<h1>Apps you are signed in to</h1>
      ${accountTabs('apps')}
      ${apps.length === 0 ? html`<p>There is none. Apps that want you to sign in do so by Berth, without a password.</p>` : table(apps)}
      ${nextPageToken ? html`<p><a href="/account/apps?page=${nextPageToken}">Further ones</a></p>` : ''}
      <p>When you sign out of Berth, you are signed out of these, too.</p>`;
    return c.html(layout({ title: 'Apps', section: 'account', user: c.get('user'), body }));
  });
  return pages;
}

function table(apps: readonly AppSignIn[]): Html {
  return html`<table>
    <thead><tr><th scope="col">App</th><th scope="col">Since</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
    <tbody>
      ${apps.map(
        ({ host, since, url }) => html`<tr>
          <th scope="row"><a href="${url}">${host}</a></th>
          <td>${momentText(since)}</td>
          <td><a href="${url}.berth/sign-out">Sign out</a></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
