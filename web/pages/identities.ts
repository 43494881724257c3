import { IdentityProvidersService, type OwnIdentity } from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { accountTabs } from '../components/account-tabs.ts';
import { momentText } from '../components/moment.ts';
import { providerButtons } from '../components/provider-buttons.ts';
import { type FormErrors, formMessage, type Refusable, refusable } from '../form-errors.ts';
import { sendToProvider } from '../journey.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';
import { confirmPages } from './confirm.ts';

const PATH = '/account/identities';

/** One's own links to identity providers. */
export function identityPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.route('/confirm', confirmPages(PATH));
  pages.get('/', async (c) => c.html(await page(c)));
  pages.post('/link/:name', async (c) => {
    const answer = await refusable(client(c).beginLink({ provider: c.req.param('name') }));
    if (answer.ok && answer.value.journey) return sendToProvider(c, answer.value.journey);
    return shown(c, answer);
  });
  pages.post('/:id/unlink', async (c) => {
    const answer = await refusable(client(c).unlinkIdentity({ identity: c.req.param('id') }));
    return shown(c, answer);
  });
  return pages;
}

/** What a change came to; whoever has to prove first who he is is led there. */
async function shown(c: Context<WebEnv>, answer: Refusable<unknown>): Promise<Response> {
  if (answer.ok) return c.redirect(PATH, 303);
  if (answer.errors.reason === 'reauthentication_required') return c.redirect(`${PATH}/confirm`, 303);
  return c.html(await page(c, answer.errors), answer.status);
}

function client(c: Context<WebEnv>) {
  return createClient(IdentityProvidersService, c.get('transport'));
}

async function page(c: Context<WebEnv>, errors?: FormErrors): Promise<Html> {
  const [{ identities }, { providers }] = await Promise.all([
    client(c).listOwnIdentities({}),
    client(c).listSignInProviders({}),
  ]);
  const body = html`<h1>Sign-in with others</h1>
    ${accountTabs('identities')} ${formMessage(errors)}
    ${identities.length === 0 ? html`<p>Your account is linked to no identity provider.</p>` : table(identities)}
    ${providers.length === 0 ? '' : html`<h2>Link another</h2>`}
    ${providerButtons(providers, { action: '/account/identities/link', verb: 'Link to' })}`;
  return layout({ title: 'Sign-in with others', section: 'account', user: c.get('user'), body });
}

function table(identities: OwnIdentity[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Provider</th><th scope="col">Who you are there</th><th scope="col">Linked</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${identities.map(
        (link) => html`<tr>
          <th scope="row">${link.providerDisplayName}</th>
          <td><code>${link.subject}</code></td>
          <td>${momentText(link.createdAt)}</td>
          <td>${momentText(link.lastUsedAt)}</td>
          <td><form method="post" action="/account/identities/${link.id}/unlink"><button class="danger">Unlink</button></form></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
