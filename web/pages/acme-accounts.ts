import { randomUUID } from 'node:crypto';
import { type AcmeAccount, AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { type FormErrors, field, formMessage, refusable, textArea } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

const EDITED = ['name', 'email', 'terms_agreed', 'eab_key_id', 'ca_pem'];

/** The accounts at certificate authorities, the form for a new one, and each account's page. */
export function acmeAccountPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', (c) => c.html(newPage(c, { key: randomUUID(), terms_agreed: 'yes' })));
  pages.post('/new', async (c) => {
    const form = await readForm(c);
    const account = { ...accountOf(form), directoryUrl: form.directory_url ?? '' };
    const answer = await refusable(client(c).createAcmeAccount({ account, idempotencyKey: form.key ?? '' }));
    if (answer.ok) return c.redirect('/acme-accounts', 303);
    return c.html(newPage(c, { ...form, key: randomUUID() }, answer.errors), answer.status);
  });
  pages.get('/:id', async (c) => c.html(await page(c)));
  pages.post('/:id/edit', async (c) => {
    const form = await readForm(c);
    const paths = form.eab_hmac_key ? [...EDITED, 'eab_hmac_key'] : EDITED;
    const request = { account: { ...accountOf(form), id: idOf(c) }, updateMask: { paths } };
    const answer = await refusable(client(c).updateAcmeAccount(request));
    if (answer.ok) return c.redirect(`/acme-accounts/${idOf(c)}`, 303);
    return c.html(await page(c, form, answer.errors), answer.status);
  });
  pages.post('/:id/delete', async (c) => {
    const answer = await refusable(client(c).deleteAcmeAccount({ account: idOf(c) }));
    if (answer.ok) return c.redirect('/acme-accounts', 303);
    return c.html(await page(c, undefined, answer.errors), answer.status);
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(AcmeAccountsService, c.get('transport'));
const idOf = (c: Context<WebEnv>) => c.req.param('id') ?? '';

function accountOf(form: Form) {
  return {
    name: form.name ?? '',
    email: form.email ?? '',
    termsAgreed: form.terms_agreed === 'yes',
    eabKeyId: form.eab_key_id ?? '',
    eabHmacKey: form.eab_hmac_key ?? '',
    caPem: form.ca_pem ?? '',
  };
}

async function list(c: Context<WebEnv>): Promise<Html> {
  const pageToken = c.req.query('page') ?? '';
  const { accounts, nextPageToken } = await client(c).listAcmeAccounts({ pageSize: 100, pageToken });
  const may = c.get('user').administrator;
  const body = html`<p><a href="/domains">Domains</a></p>
    <div class="head">
      <h1>ACME accounts</h1>
      ${may ? html`<a class="button" href="/acme-accounts/new">New account</a>` : ''}
    </div>
    <p>With them Berth orders certificates at authorities such as Let's Encrypt.</p>
    ${accounts.length === 0 ? html`<p>There are none yet.</p>` : table(accounts)}
    ${nextPageToken ? html`<p><a href="/acme-accounts?page=${encodeURIComponent(nextPageToken)}">More</a></p>` : ''}`;
  return layout({ title: 'ACME accounts', section: 'domains', user: c.get('user'), body });
}

function table(accounts: readonly AcmeAccount[]): Html {
  return html`<table>
    <thead><tr><th scope="col">Name</th><th scope="col">Directory</th><th scope="col">State</th><th scope="col" class="wide">Domains</th></tr></thead>
    <tbody>
      ${accounts.map(
        (account) => html`<tr>
          <th scope="row"><a href="/acme-accounts/${account.id}">${account.name}</a></th>
          <td class="long">${account.directoryUrl}</td>
          <td>${stateOf(account)}</td>
          <td class="wide">${account.domains.length}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function stateOf({ accountUrl, lastError }: AcmeAccount): Html {
  if (lastError) return html`<span class="badge bad">failed</span>`;
  return accountUrl
    ? html`<span class="badge good">registered</span>`
    : html`<span class="badge info">not used yet</span>`;
}

function newPage(c: Context<WebEnv>, form: Form, errors?: FormErrors): Html {
  const body = html`<p><a href="/acme-accounts">ACME accounts</a></p>
    <h1>New ACME account</h1>
    <form method="post" action="/acme-accounts/new" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${form.key}" />
      ${field({ label: 'Directory', name: 'directory_url', path: 'account.directory_url', value: form.directory_url, required: true, list: 'directories', errors, hint: 'Its URL, or "letsencrypt", or "letsencrypt-staging" to try.' })}
      <datalist id="directories"><option value="letsencrypt"></option><option value="letsencrypt-staging"></option></datalist>
      ${fields(form, errors)}
      <button>Make the account</button>
    </form>`;
  return layout({ title: 'New ACME account', section: 'domains', user: c.get('user'), body });
}

function fields(form: Form, errors: FormErrors | undefined): Html {
  const path = (name: string) => ({ name, path: `account.${name}`, value: form[name], errors });
  return html`${field({ ...path('name'), label: 'Name', required: true, hint: 'Small letters, digits and hyphens.' })}
    ${field({ ...path('email'), label: 'E-mail', type: 'email', hint: 'Where the authority writes to; empty for nowhere.' })}
    ${checkbox({ label: "I agree to the authority's terms of service", name: 'terms_agreed', checked: form.terms_agreed === 'yes' })}
    ${field({ ...path('eab_key_id'), label: 'Key identifier', hint: 'Of an external account binding, for authorities that want one.' })}
    ${field({ ...path('eab_hmac_key'), value: '', label: 'Its HMAC key', type: 'password', autocomplete: 'new-password', hint: 'Kept sealed and never shown.' })}
    ${textArea({ ...path('ca_pem'), label: "Authority that signed the directory's own certificate, PEM", rows: 4, hint: 'Only for an authority that this system does not know.' })}`;
}

async function page(c: Context<WebEnv>, form?: Form, errors?: FormErrors): Promise<Html> {
  const { account } = await client(c).getAcmeAccount({ account: idOf(c) });
  if (!account) throw new Error('the API sent no account');
  const may = c.get('user').administrator;
  const body = html`<p><a href="/acme-accounts">ACME accounts</a></p>
    <h1>${account.name}</h1>
    <dl>
      <dt>Directory</dt><dd class="long">${account.directoryUrl}</dd>
      ${may ? administrators(account) : ''}
    </dl>
    ${account.lastError ? html`<p class="bad">The authority said:</p><pre>${account.lastError}</pre>` : ''}
    ${may ? forms(account, form, errors) : ''}`;
  return layout({ title: account.name, section: 'domains', user: c.get('user'), body });
}

function administrators({ accountUrl, domains }: AcmeAccount): Html {
  return html`<dt>Registered</dt><dd class="long">${accountUrl || 'with its first order'}</dd>
    <dt>Domains</dt><dd class="long">${domains.join(', ') || 'none'}</dd>`;
}

function forms(account: AcmeAccount, form: Form | undefined, errors: FormErrors | undefined): Html {
  const values = form ?? {
    name: account.name,
    email: account.email,
    terms_agreed: account.termsAgreed ? 'yes' : '',
    eab_key_id: account.eabKeyId,
    ca_pem: account.caPem,
  };
  return html`<form method="post" action="/acme-accounts/${account.id}/edit" class="narrow">
      ${formMessage(errors)}
      ${fields(values, errors)}
      <button>Save</button>
    </form>
    <details>
      <summary>Remove this account</summary>
      <p>No domain may use it any more.</p>
      <form method="post" action="/acme-accounts/${account.id}/delete"><button class="danger">Remove ${account.name}</button></form>
    </details>`;
}
