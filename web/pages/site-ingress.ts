import { type Site, SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { linesField, linesOf } from '../components/lines.ts';
import { type FormErrors, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** What stands before a site's ingress, and who may bring domains, for whoever administers it. */
export function siteIngressPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id/ingress', async (c) => {
    const site = await siteOf(c);
    return c.html(page(c, site, formOfSite(site)));
  });
  pages.post('/:id/ingress', async (c) => {
    const [form, site] = [await readForm(c), await siteOf(c)];
    const change = {
      id: site.id,
      trustedProxies: linesOf(form.trusted_proxies),
      proxyProtocol: form.proxy_protocol === 'yes',
      customDomains: form.custom_domains === 'yes',
    };
    const updateMask = { paths: ['trusted_proxies', 'proxy_protocol', 'custom_domains'] };
    const answer = await refusable(sites(c).updateSite({ site: change, updateMask }));
    if (answer.ok) return c.redirect(`/sites/${site.id}`, 303);
    return c.html(page(c, site, form, answer.errors), answer.status);
  });
  return pages;
}

const sites = (c: Context<WebEnv>) => createClient(SitesService, c.get('transport'));

async function siteOf(c: Context<WebEnv>): Promise<Site> {
  const { site } = await sites(c).getSite({ site: c.req.param('id') ?? '' });
  if (!site) throw new Error('the API sent no site');
  return site;
}

function formOfSite({ trustedProxies, proxyProtocol, customDomains }: Site): Form {
  return {
    trusted_proxies: trustedProxies.join('\n'),
    proxy_protocol: proxyProtocol ? 'yes' : '',
    custom_domains: customDomains ? 'yes' : '',
  };
}

function page(c: Context<WebEnv>, site: Site, form: Form, errors?: FormErrors): Html {
  const hint =
    'Addresses or ranges such as 10.0.0.0/28, one a line. What they say about a client’s address is believed.';
  const body = html`<p><a href="/sites/${site.id}">${site.name}</a></p>
    <h1>Ingress of ${site.name}</h1>
    <form method="post" action="/sites/${site.id}/ingress" class="narrow">
      ${formMessage(errors)}
      ${linesField({ label: 'Load balancers in front of it', name: 'trusted_proxies', path: 'site.trusted_proxies', value: form.trusted_proxies, hint, errors })}
      ${checkbox({ label: 'They begin every connection with a PROXY protocol header', name: 'proxy_protocol', checked: form.proxy_protocol === 'yes', path: 'site.proxy_protocol', errors })}
      ${checkbox({ label: 'People who may create containers may bring domains of their own', name: 'custom_domains', checked: form.custom_domains === 'yes' })}
      <button>Save</button>
    </form>`;
  return layout({ title: `Ingress of ${site.name}`, section: 'sites', user: c.get('user'), body });
}
