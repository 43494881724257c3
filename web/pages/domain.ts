import { AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { DnsProvidersService } from '@berth/proto/api/v1/dns_providers_pb.js';
import { type Domain, DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { certificateSummary } from '../components/certificates.ts';
import {
  type Choices,
  deleteForm,
  grantForms,
  type Outcome,
  type Part,
  settingsForm,
  uploadForm,
} from '../components/domain-forms.ts';
import { domainRegion } from '../components/domain-region.ts';
import { formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** Certificates on the page; the others are in the API. */
const SHOWN = 200;

const EDITED = [
  'access',
  'certificate_source',
  'certificate_scope',
  'acme_account',
  'challenge',
  'hsts_max_age_seconds',
  'hsts_include_subdomains',
  'hsts_preload',
];
const EDITED_BY_ADMINISTRATORS = ['dns_provider', 'publish_dns', 'oauth2_proxy_url'];

/** One domain's page: how its certificates stand, live, and all that can be done with it. */
export function domainPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id', async (c) => c.html(await page(c, {})));
  pages.get('/:id/events', (c) =>
    liveRegion(c, async (send, signal) => {
      for await (const { domain, certificates } of client(c).watchDomain({ domain: idOf(c) }, { signal })) {
        if (domain) await send(domainRegion(domain, certificates));
      }
    }),
  );
  const post = (part: Part, path: string, call: (c: Context<WebEnv>, form: Form) => Promise<unknown>) =>
    pages.post(`/:id/${path}`, async (c) => {
      const form = await readForm(c);
      const answer = await refusable<unknown>(call(c, form));
      if (answer.ok) return c.redirect(part === 'delete' ? '/domains' : `/domains/${idOf(c)}`, 303);
      if (answer.errors.retryAfter) c.header('retry-after', answer.errors.retryAfter);
      return c.html(await page(c, { part, form, errors: answer.errors }), answer.status);
    });
  post('verify', 'verify', (c) => client(c).verifyDomain({ domain: idOf(c) }));
  post('edit', 'edit', (c, form) => client(c).updateDomain(updateOf(idOf(c), form)));
  post('grants', 'grants', (c, form) => client(c).grantDomain({ domain: idOf(c), grant: grantOf(form) }));
  post('grants', 'grants/remove', (c, form) => client(c).withdrawDomain({ domain: idOf(c), grant: grantOf(form) }));
  post('upload', 'upload', (c, { chain_pem: chainPem = '', key_pem: keyPem = '' }) =>
    client(c).uploadCertificate({ domain: idOf(c), chainPem, keyPem }),
  );
  post('certificates', 'certificates/renew', (c, { certificate }) =>
    client(c).renewCertificate({ certificate: certificate ?? '' }),
  );
  post('certificates', 'certificates/revoke', (c, { certificate }) =>
    client(c).revokeCertificate({ certificate: certificate ?? '' }),
  );
  post('delete', 'delete', (c) => client(c).deleteDomain({ domain: idOf(c) }));
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(DomainsService, c.get('transport'));
const idOf = (c: Context<WebEnv>) => c.req.param('id') ?? '';

function updateOf(id: string, form: Form) {
  const number = (name: string) => (/^\d{1,9}$/.test(form[name] ?? '') ? Number(form[name]) : 0xffff_ffff);
  const domain = {
    id,
    access: number('access'),
    certificateSource: number('certificate_source'),
    certificateScope: number('certificate_scope'),
    acmeAccount: form.acme_account ?? '',
    challenge: number('challenge'),
    dnsProvider: form.dns_provider ?? '',
    publishDns: form.publish_dns === 'yes',
    hstsMaxAgeSeconds: number('hsts_max_age_seconds'),
    hstsIncludeSubdomains: form.hsts_include_subdomains === 'yes',
    hstsPreload: form.hsts_preload === 'yes',
    oauth2ProxyUrl: form.oauth2_proxy_url ?? '',
  };
  const paths = form.administers === 'yes' ? [...EDITED, ...EDITED_BY_ADMINISTRATORS] : EDITED;
  return { domain, updateMask: { paths } };
}

function grantOf({ who = '', kind }: Form) {
  return { principal: { case: kind === 'group' ? ('group' as const) : ('user' as const), value: who } };
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const { domain } = await client(c).getDomain({ domain: idOf(c) });
  if (!domain) throw new Error('the API sent no domain');
  const certificates = await refusable(client(c).listCertificates({ domain: domain.id, pageSize: SHOWN }));
  const { site } = await createClient(SitesService, c.get('transport')).getSite({ site: domain.site });
  const head = html`<p><a href="/domains">Domains</a> of site <a href="/sites/${domain.site}">${site?.name ?? ''}</a></p>
    <h1 class="long">${domain.name}</h1>`;
  // Who may only use it is told how its certificates stand, and no more.
  const body = certificates.ok
    ? html`${head}${administration(domain, certificates.value.certificates, await choicesOf(c), outcome)}`
    : html`${head}<p>${certificateSummary(domain, Date.now())}</p>`;
  return layout({ title: domain.name, section: 'domains', user: c.get('user'), body });
}

function administration(
  domain: Domain,
  certificates: Parameters<typeof domainRegion>[1],
  choices: Choices,
  outcome: Outcome,
): Html {
  const { part, errors } = outcome;
  return html`${part === 'verify' || part === 'certificates' ? formMessage(errors) : ''}
    <div data-live="/domains/${domain.id}/events" aria-live="polite">${domainRegion(domain, certificates)}</div>
    ${uploadForm(domain, outcome)}
    ${settingsForm(domain, choices, outcome)}
    ${grantForms(domain, outcome)}
    ${deleteForm(domain, outcome)}`;
}

async function choicesOf(c: Context<WebEnv>): Promise<Choices> {
  const transport = c.get('transport');
  const { accounts } = await createClient(AcmeAccountsService, transport).listAcmeAccounts({ pageSize: 200 });
  const providers = await refusable(createClient(DnsProvidersService, transport).listDnsProviders({ pageSize: 200 }));
  return { accounts, providers: providers.ok ? providers.value.providers.map(({ name }) => name) : undefined };
}
