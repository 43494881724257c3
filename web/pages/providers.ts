import {
  type IdentityProvider,
  IdentityProvidersService,
  type ProviderCheck,
  ProviderCheckResult,
} from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { type FormErrors, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';
import { changedPaths, formOfProvider, type ProviderForm, providerInputs, providerOf } from './provider-form.ts';

/** What a form came to. */
interface Outcome {
  form?: ProviderForm;
  errors?: FormErrors;
  checks?: ProviderCheck[];
}

const RESULTS: Record<ProviderCheckResult, [mark: string, word: string, look: string]> = {
  [ProviderCheckResult.UNSPECIFIED]: ['·', '', 'info'],
  [ProviderCheckResult.GOOD]: ['✓', 'good', 'good'],
  [ProviderCheckResult.DOUBTFUL]: ['?', 'doubtful', 'warn'],
  [ProviderCheckResult.BAD]: ['✗', 'bad', 'bad'],
};

/** Identity providers, for administrators. */
export function providerPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', (c) => c.html(newPage(c, { form: { enabled: 'yes' } })));
  pages.post('/new', async (c) => {
    const form = await formOf(c);
    const answer = await refusable(client(c).createProvider({ provider: providerOf(form) }));
    if (answer.ok) return c.redirect(`/providers/${answer.value.provider?.name}`, 303);
    return c.html(newPage(c, { form, errors: answer.errors }), answer.status);
  });
  pages.get('/:name', async (c) => c.html(await page(c, await provider(c), {})));
  pages.post('/:name', async (c) => {
    const [form, known] = [await formOf(c), await provider(c)];
    const change = { ...providerOf(form), id: known.id };
    const answer = await refusable(
      client(c).updateProvider({ provider: change, updateMask: { paths: changedPaths(form) } }),
    );
    if (answer.ok) return c.redirect(`/providers/${known.name}`, 303);
    return c.html(await page(c, known, { form, errors: answer.errors }), answer.status);
  });
  pages.post('/:name/test', async (c) => {
    const known = await provider(c);
    const { checks } = await client(c).testProvider({ provider: known.id });
    return c.html(await page(c, known, { checks }));
  });
  pages.post('/:name/delete', async (c) => {
    const known = await provider(c);
    const answer = await refusable(client(c).deleteProvider({ provider: known.id }));
    if (answer.ok) return c.redirect('/providers', 303);
    return c.html(await page(c, known, { errors: answer.errors }), answer.status);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(IdentityProvidersService, c.get('transport'));
}

async function provider(c: Context<WebEnv>): Promise<IdentityProvider> {
  const answer = await client(c).getProvider({ provider: c.req.param('name') ?? '' });
  if (!answer.provider) throw new Error('the server sent no provider');
  return answer.provider;
}

async function formOf(c: Context<WebEnv>): Promise<ProviderForm> {
  const body = await c.req.parseBody();
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, String(value).replaceAll('\r', '').trim()]),
  );
}

async function list(c: Context<WebEnv>): Promise<Html> {
  const { providers } = await client(c).listProviders({ pageSize: 200 });
  const body = html`<div class="head"><h1>Sign-in with others</h1><a class="button" href="/providers/new">Add a provider</a></div>
    ${providers.length === 0 ? html`<p>People sign in with a password. Add an OpenID Connect provider to let them sign in with their accounts there.</p>` : table(providers)}`;
  return layout({ title: 'Sign-in with others', section: 'providers', user: c.get('user'), body });
}

function table(providers: IdentityProvider[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">Issuer</th><th scope="col">Accounts linked</th><th scope="col">State</th></tr>
    </thead>
    <tbody>
      ${providers.map(
        (each) => html`<tr>
          <th scope="row"><a href="/providers/${each.name}">${each.displayName}</a></th>
          <td><code>${each.issuer}</code></td>
          <td>${each.identityCount}</td>
          <td><span class="badge ${each.enabled ? 'good' : 'info'}">${each.enabled ? 'enabled' : 'disabled'}</span></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function newPage(c: Context<WebEnv>, { form = {}, errors }: Outcome): Html {
  const body = html`<p><a href="/providers">Sign-in with others</a></p>
    <h1>New provider</h1>
    <p>Berth speaks OpenID Connect. At the provider, register Berth with the redirect URI that the next page shows: its
      public address and <code>/sign-in/with/<em>short name</em>/back</code>.</p>
    <form method="post" action="/providers/new" class="narrow">
      ${providerInputs(form, errors, true)}
      <button>Add it</button>
    </form>`;
  return layout({ title: 'New provider', section: 'providers', user: c.get('user'), body });
}

async function page(c: Context<WebEnv>, known: IdentityProvider, outcome: Outcome): Promise<Html> {
  const { form = formOfProvider(known), errors, checks } = outcome;
  const body = html`<p><a href="/providers">Sign-in with others</a></p>
    <div class="head">
      <h1>${known.displayName}</h1>
      <div class="actions">
        <form method="post" action="/providers/${known.name}/test"><button class="quiet">Test</button></form>
        <form method="post" action="/providers/${known.name}/delete"><button class="danger">Delete</button></form>
      </div>
    </div>
    ${checks ? checkTable(checks) : ''}
    <dl>
      <dt>Short name</dt><dd><code>${known.name}</code></dd>
      <dt>Redirect URI</dt><dd><code>${known.redirectUri}</code></dd>
      <dt>Accounts linked</dt><dd>${known.identityCount}</dd>
    </dl>
    <form method="post" action="/providers/${known.name}" class="narrow">
      ${providerInputs(form, errors, false)}
      <button>Save</button>
    </form>`;
  return layout({ title: known.displayName, section: 'providers', user: c.get('user'), body });
}

function checkTable(checks: ProviderCheck[]): Html {
  return html`<section role="status">
    <table>
      <caption>Test</caption>
      <tbody>
        ${checks.map(({ title, result, detail }) => {
          const [mark, word, look] = RESULTS[result];
          return html`<tr>
            <th scope="row">${title}</th>
            <td class="${look}"><span aria-hidden="true">${mark}</span> ${word}</td>
            <td>${detail}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}
