import {
  type DnsProvider,
  DnsProvidersService,
  type TestDnsProviderResponse,
} from '@berth/proto/api/v1/dns_providers_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';
import {
  changedPaths,
  type DnsProviderForm,
  dnsProviderInputs,
  dnsProviderOf,
  formOfDnsProvider,
  KIND_FORMS,
  kindLabel,
} from './dns-provider-form.ts';

/** What a form came to. */
interface Outcome {
  form?: DnsProviderForm;
  errors?: FormErrors;
  /** Of the form for a test. */
  testErrors?: FormErrors;
  domain?: string;
  test?: TestDnsProviderResponse;
}

const TITLE = 'DNS providers';

/** DNS providers, for administrators. */
export function dnsProviderPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', (c) => c.html(newPage(c, { form: { kind: c.req.query('kind') ?? '' } })));
  pages.post('/new', async (c) => {
    const form = await formOf(c);
    const answer = await refusable(client(c).createDnsProvider({ provider: dnsProviderOf(form) }));
    if (answer.ok) return c.redirect(`/dns-providers/${answer.value.provider?.name}`, 303);
    return c.html(newPage(c, { form, errors: answer.errors }), answer.status);
  });
  pages.get('/:name', async (c) => c.html(page(c, await provider(c), {})));
  pages.post('/:name', async (c) => {
    const [form, known] = [await formOf(c), await provider(c)];
    const change = { ...dnsProviderOf(form), id: known.id };
    const updateMask = { paths: changedPaths(form) };
    const answer = await refusable(client(c).updateDnsProvider({ provider: change, updateMask }));
    if (answer.ok) return c.redirect(`/dns-providers/${answer.value.provider?.name}`, 303);
    return c.html(page(c, known, { form, errors: answer.errors }), answer.status);
  });
  pages.post('/:name/test', async (c) => {
    const [{ domain = '' }, known] = [await formOf(c), await provider(c)];
    const answer = await refusable(client(c).testDnsProvider({ provider: known.id, domain }));
    if (!answer.ok) return c.html(page(c, known, { testErrors: answer.errors, domain }), answer.status);
    return c.html(page(c, await provider(c), { test: answer.value, domain }));
  });
  pages.post('/:name/delete', async (c) => {
    const known = await provider(c);
    const answer = await refusable(client(c).deleteDnsProvider({ provider: known.id }));
    if (answer.ok) return c.redirect('/dns-providers', 303);
    return c.html(page(c, known, { errors: answer.errors }), answer.status);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(DnsProvidersService, c.get('transport'));
}

async function provider(c: Context<WebEnv>): Promise<DnsProvider> {
  const answer = await client(c).getDnsProvider({ provider: c.req.param('name') ?? '' });
  if (!answer.provider) throw new Error('the server sent no provider');
  return answer.provider;
}

async function formOf(c: Context<WebEnv>): Promise<DnsProviderForm> {
  const body = await c.req.parseBody();
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value).trim()]));
}

async function list(c: Context<WebEnv>): Promise<Html> {
  const { providers } = await client(c).listDnsProviders({ pageSize: 200 });
  const body = html`<div class="head"><h1>${TITLE}</h1><a class="button" href="/dns-providers/new">Add a provider</a></div>
    ${providers.length === 0 ? html`<p>A provider answers challenges for wildcard certificates (DNS-01) and keeps public records for the names of services.</p>` : table(providers)}`;
  return layout({ title: TITLE, section: 'dns-providers', user: c.get('user'), body });
}

function table(providers: DnsProvider[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Domains</th><th scope="col">State</th></tr>
    </thead>
    <tbody>
      ${providers.map(
        (each) => html`<tr>
          <th scope="row"><a href="/dns-providers/${each.name}">${each.name}</a></th>
          <td>${kindLabel(each)}</td>
          <td>${each.domains.join(', ')}</td>
          <td>${each.lastError === '' ? '' : html`<span class="badge bad">failed</span> ${each.lastError}`}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function newPage(c: Context<WebEnv>, { form = {}, errors }: Outcome): Html {
  const kind = KIND_FORMS[form.kind ?? ''];
  const body = html`<p><a href="/dns-providers">${TITLE}</a></p>
    <h1>New DNS provider</h1>
    ${
      kind
        ? html`<p><strong>${kind.label}.</strong> ${kind.about} <a href="/dns-providers/new">Another kind</a></p>
          <form method="post" action="/dns-providers/new" class="narrow">
            ${dnsProviderInputs(form, errors, true)}
            <button>Add it</button>
          </form>`
        : html`${formMessage(errors)}${kinds()}`
    }`;
  return layout({ title: 'New DNS provider', section: 'dns-providers', user: c.get('user'), body });
}

function kinds(): Html {
  return html`<p>What is it?</p>
    <dl>
      ${Object.entries(KIND_FORMS).map(
        ([kind, { label, about }]) =>
          html`<dt><a href="/dns-providers/new?kind=${kind}">${label}</a></dt><dd>${about}</dd>`,
      )}
    </dl>`;
}

function page(c: Context<WebEnv>, known: DnsProvider, outcome: Outcome): Html {
  const { form = formOfDnsProvider(known), errors } = outcome;
  const body = html`<p><a href="/dns-providers">${TITLE}</a></p>
    <div class="head">
      <h1>${known.name}</h1>
      <div class="actions">
        <form method="post" action="/dns-providers/${known.name}/delete"><button class="danger">Delete</button></form>
      </div>
    </div>
    <dl>
      <dt>Kind</dt><dd>${kindLabel(known)}</dd>
      <dt>Used by</dt><dd>${known.domains.length === 0 ? 'no domain' : known.domains.join(', ')}</dd>
      ${known.lastError === '' ? '' : html`<dt>Last error</dt><dd class="bad">${known.lastError}</dd>`}
    </dl>
    <form method="post" action="/dns-providers/${known.name}" class="narrow">
      ${dnsProviderInputs(form, errors, false)}
      <button>Save</button>
    </form>
    ${testSection(known, outcome)}`;
  return layout({ title: known.name, section: 'dns-providers', user: c.get('user'), body });
}

function testSection(known: DnsProvider, { test, testErrors, domain = known.domains[0] ?? '' }: Outcome): Html {
  return html`<section>
    <h2>Test</h2>
    <p>Puts a TXT record under a domain, looks whether it is served, and takes it away again. This may take a minute.</p>
    ${test ? testLog(test) : ''}
    <form method="post" action="/dns-providers/${known.name}/test" class="narrow">
      ${formMessage(testErrors)}
      ${field({ label: 'Domain', name: 'domain', path: 'domain', value: domain, hint: 'e.g. apps.example.org', required: true, errors: testErrors })}
      <button class="quiet">Test</button>
    </form>
  </section>`;
}

function testLog({ ok, log }: TestDnsProviderResponse): Html {
  return html`<div role="status">
    <p class="${ok ? 'good' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✗'}</span> ${ok ? 'It works.' : 'It does not work.'}</p>
    <ol>
      ${log.map((line) => html`<li>${line}</li>`)}
    </ol>
  </div>`;
}
