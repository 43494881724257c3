import { randomUUID } from 'node:crypto';
import { type Domain, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { certificateSummary } from '../components/certificates.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** A year: how long browsers are told to insist on HTTPS, unless somebody says otherwise. */
const YEAR_SECONDS = 31_536_000;

/** The list of domains, and the form for a new one. */
export function domainsPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', async (c) => c.html(await newPage(c, { key: randomUUID(), site: c.req.query('site') ?? '' })));
  pages.post('/new', async (c) => {
    const form = await readForm(c);
    const { site = '', name = '', whose, key: idempotencyKey = '' } = form;
    const domain = { site, name, hstsMaxAgeSeconds: YEAR_SECONDS };
    const request = { domain, custom: whose !== 'site', idempotencyKey };
    const answer = await refusable(client(c).createDomain(request));
    if (answer.ok) return c.redirect(`/domains/${answer.value.domain?.id}`, 303);
    return c.html(await newPage(c, { ...form, key: randomUUID() }, answer.errors), answer.status);
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(DomainsService, c.get('transport'));

async function list(c: Context<WebEnv>): Promise<Html> {
  const { site = '', page: pageToken = '' } = c.req.query();
  const { domains, nextPageToken } = await client(c).listDomains({ site, pageSize: 100, pageToken });
  const { username, administrator } = c.get('user');
  const own = domains.filter(({ owner }) => owner === username);
  const others = domains.filter(({ owner }) => owner !== username);
  const more = new URLSearchParams({ ...(site && { site }), page: nextPageToken });
  const body = html`<div class="head">
      <h1>Domains</h1>
      <a class="button" href="/domains/new">New domain</a>
    </div>
    ${administrator ? html`<p><a href="/acme-accounts">ACME accounts</a></p>` : ''}
    ${own.length > 0 ? html`<h2>My domains</h2>${table(own)}` : ''}
    ${own.length > 0 && others.length > 0 ? html`<h2>Others that you may use</h2>` : ''}
    ${others.length > 0 || own.length === 0 ? table(others) : ''}
    ${nextPageToken ? html`<p><a href="/domains?${more.toString()}">More</a></p>` : ''}`;
  return layout({ title: 'Domains', section: 'domains', user: c.get('user'), body });
}

function table(domains: readonly Domain[]): Html {
  if (domains.length === 0) return html`<p>There are none yet.</p>`;
  const now = Date.now();
  return html`<table>
    <thead><tr><th scope="col">Name</th><th scope="col">Certificates</th><th scope="col">Problems</th><th scope="col" class="wide">Of</th></tr></thead>
    <tbody>
      ${domains.map(
        (domain) => html`<tr>
          <th scope="row" class="long"><a href="/domains/${domain.id}">${domain.name}</a></th>
          <td>${certificateSummary(domain, now)}</td>
          <td class="long">${domain.conditions[0]?.message ?? ''}${domain.conditions.length > 1 ? ` (and ${domain.conditions.length - 1} more)` : ''}</td>
          <td class="wide">${domain.owner || 'the site'}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

async function newPage(c: Context<WebEnv>, form: Form, errors?: FormErrors): Promise<Html> {
  const { sites } = await createClient(SitesService, c.get('transport')).listSites({ pageSize: 200 });
  const whose = [
    ['own', 'Mine: I will show that it is'],
    ['site', "The site's own, for its administrators to make"],
  ] as const;
  const choices = sites.map(({ id, name }) => [id, name] as const);
  const body = html`<p><a href="/domains">Domains</a></p>
    <h1>New domain</h1>
    <form method="post" action="/domains/new" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${form.key}" />
      ${field({ label: 'Name', name: 'name', path: 'domain.name', value: form.name, required: true, errors, hint: 'e.g. apps.example.org; services get names right under it.' })}
      ${select({ label: 'Site', name: 'site', path: 'domain.site', choices, value: form.site, errors })}
      ${select({ label: 'Whose it is', name: 'whose', path: 'custom', choices: whose, value: form.whose, errors })}
      <button>Make the domain</button>
    </form>`;
  return layout({ title: 'New domain', section: 'domains', user: c.get('user'), body });
}
