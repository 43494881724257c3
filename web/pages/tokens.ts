import { randomUUID } from 'node:crypto';
import { type ApiToken, TokenScope, TokensService } from '@berth/proto/api/v1/tokens_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { accountTabs } from '../components/account-tabs.ts';
import { momentText } from '../components/moment.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';

const SCOPES = {
  metrics: ['To read figures at /metrics, for administrators', TokenScope.METRICS],
  read: ['To look', TokenScope.READ],
  containers: ['To make and change containers', TokenScope.CONTAINERS],
  admin: ['To administer what you administer', TokenScope.ADMIN],
} as const;
const DAYS = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'a year'],
  ['', 'until it is revoked'],
] as const;
const DAY_SECONDS = 86_400;

type Form = Record<string, string>;

/** What a form came to. */
interface Outcome {
  form?: Form;
  errors?: FormErrors;
  /** A token just made. */
  token?: string;
}

/** One's own API tokens. */
export function tokenPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, {})));
  pages.post('/', async (c) => {
    const body = await c.req.parseBody();
    const form: Form = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value).trim()]));
    const answer = await refusable(client(c).createApiToken(requestOf(form)));
    // The token is in this answer alone, so it must not stay in a cache.
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(await page(c, { token: answer.value.token }));
    return c.html(await page(c, { form, errors: answer.errors }), answer.status);
  });
  pages.post('/:id/revoke', async (c) => {
    await client(c).deleteApiToken({ apiToken: c.req.param('id') });
    return c.redirect('/account/tokens', 303);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(TokensService, c.get('transport'));
}

function requestOf({ name = '', scope = '', reach = '', days = '', key = '' }: Form) {
  return {
    name,
    scope: SCOPES[scope as keyof typeof SCOPES]?.[1] ?? TokenScope.UNSPECIFIED,
    ...(reach.includes('/') ? { container: reach } : { site: reach }),
    ...(days === '' ? {} : { ttl: { seconds: BigInt(/^\d{1,6}$/.test(days) ? Number(days) * DAY_SECONDS : 0) } }),
    idempotencyKey: key,
  };
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const { apiTokens } = await client(c).listApiTokens({ pageSize: 200 });
  const body = html`<h1>API tokens</h1>
    ${accountTabs('tokens')}
    ${outcome.token ? shown(outcome.token) : ''}
    ${apiTokens.length === 0 ? html`<p>There is none yet. A token lets a program act in your name.</p>` : table(apiTokens)}
    <h2>New token</h2>
    ${formOf(outcome)}`;
  return layout({ title: 'API tokens', section: 'account', user: c.get('user'), body });
}

function shown(token: string): Html {
  return html`<section role="status" aria-labelledby="made">
    <h2 id="made">Your new token</h2>
    <pre class="command"><code>${token}</code></pre>
    <p>It is not shown again: keep it where your program finds it, for <code>berth</code> in <code>BERTH_TOKEN</code>.</p>
  </section>`;
}

function table(tokens: ApiToken[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">Begins</th><th scope="col">May</th><th scope="col">Works until</th><th scope="col">Last used</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${tokens.map(
        (token) => html`<tr>
          <th scope="row">${token.name}</th>
          <td><code>${token.prefix}…</code></td>
          <td>${(TokenScope[token.scope] ?? '').toLowerCase()}${only(token)}</td>
          <td>${momentText(token.expiresAt, 'revoked')}</td>
          <td>${momentText(token.lastUsedAt)}${token.lastUsedAddress ? html` from <code>${token.lastUsedAddress}</code>` : ''}</td>
          <td><form method="post" action="/account/tokens/${token.id}/revoke"><button class="danger">Revoke</button></form></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function only({ container, site }: ApiToken): Html {
  if (container) return html`, only <a href="/containers/${container}">one container</a>`;
  return site ? html`, only one site` : html``;
}

function formOf({ form = {}, errors }: Outcome): Html {
  const scopes = Object.entries(SCOPES).map(([value, [label]]) => [value, label] as const);
  const reachPath = form.reach?.includes('/') ? 'container' : 'site';
  return html`<form method="post" action="/account/tokens" class="narrow">
    ${formMessage(errors)}
    <input type="hidden" name="key" value="${randomUUID()}" />
    ${field({ label: 'Name', name: 'name', path: 'name', value: form.name, hint: 'What it is for.', required: true, errors })}
    ${select({ label: 'May be used', name: 'scope', path: 'scope', choices: scopes, value: form.scope ?? 'containers', errors })}
    ${field({ label: 'Only in', name: 'reach', path: reachPath, value: form.reach, hint: 'A site, or a container as site/hostname; empty for all that you reach.', errors })}
    ${select({ label: 'Works for', name: 'days', path: 'ttl', choices: DAYS, value: form.days ?? '90', errors })}
    <button>Make the token</button>
  </form>`;
}
