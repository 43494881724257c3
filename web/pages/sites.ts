import { AccessService, type SiteAdministrator } from '@berth/proto/api/v1/access_pb.js';
import { type Site, SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { conditions } from '../components/conditions.ts';
import { momentText } from '../components/moment.ts';
import { holderName } from '../components/roles.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** The sites, and who administers each. */
export function sitePages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const { sites } = await createClient(SitesService, c.get('transport')).listSites({ pageSize: 200 });
    return c.html(layout({ title: 'Sites', section: 'sites', user: c.get('user'), body: list(sites) }));
  });
  pages.get('/:id', async (c) => c.html(await page(c, {})));
  pages.post('/:id/administrators/:verb{add|remove}', async (c) => {
    const form = await readForm(c);
    const request = { site: idOf(c), holder: holderOf(form) };
    const add = c.req.param('verb') === 'add';
    const answer = await refusable<unknown>(
      add ? access(c).addSiteAdministrator(request) : access(c).removeSiteAdministrator(request),
    );
    if (answer.ok) return c.redirect(`/sites/${idOf(c)}`, 303);
    return c.html(await page(c, form, answer.errors), answer.status);
  });
  return pages;
}

const access = (c: Context<WebEnv>) => createClient(AccessService, c.get('transport'));
const idOf = (c: Context<WebEnv>) => c.req.param('id') ?? '';

function holderOf({ who = '', kind }: Form) {
  return { holder: { case: kind === 'group' ? ('group' as const) : ('user' as const), value: who } };
}

function list(sites: readonly Site[]): Html {
  return html`<h1>Sites</h1>
    <table>
      <thead><tr><th scope="col">Name</th><th scope="col">Network</th><th scope="col">External domains</th></tr></thead>
      <tbody>
        ${sites.map((site) => html`<tr><th scope="row"><a href="/sites/${site.id}">${site.name}</a></th><td>${site.network}</td><td>${site.externalDomains.join(', ')}</td></tr>`)}
      </tbody>
    </table>`;
}

async function page(c: Context<WebEnv>, form: Form, errors?: FormErrors): Promise<Html> {
  const { site } = await createClient(SitesService, c.get('transport')).getSite({ site: idOf(c) });
  if (!site) throw new Error('the API sent no site');
  const answer = await refusable(access(c).listSiteAdministrators({ site: site.id, pageSize: 200 }));
  const body = html`<p><a href="/sites">Sites</a></p>
    <h1>${site.name}</h1>
    ${conditions(site.conditions)}
    <dl>
      <dt>Network</dt><dd>${site.network}, containers ${site.rangeStart} to ${site.rangeEnd}, gateway ${site.gateway}</dd>
      <dt>Internal domain</dt><dd>${site.internalDomain}</dd>
      <dt>External domains</dt><dd>${site.externalDomains.join(', ') || 'none'} (<a href="/domains?site=${site.id}">all domains</a>)</dd>
      <dt>External ports</dt><dd>${site.portRangeStart} to ${site.portRangeEnd}</dd>
      <dt>Custom domains</dt><dd>${site.customDomains ? 'People who may create containers may bring their own.' : 'Only administrators add domains.'}</dd>
      <dt>Load balancers</dt><dd>${site.trustedProxies.join(', ') || 'none'}${site.proxyProtocol ? '; every connection begins with a PROXY protocol header' : ''}</dd>
    </dl>
    ${answer.ok ? html`<p><a href="/sites/${site.id}/ingress">Change what stands before its ingress</a></p>` : ''}
    ${answer.ok ? administrators(site, answer.value.administrators, c.get('user').administrator) : ''}
    ${c.get('user').administrator ? addForm(site, form, errors) : ''}`;
  return layout({ title: site.name, section: 'sites', user: c.get('user'), body });
}

function administrators(site: Site, all: readonly SiteAdministrator[], may: boolean): Html {
  const intro = html`<h2>Who administers it</h2>
    <p>They look after its nodes and agents, and act as owner of every container of the site; to log in to one, they
      have to be its members. Administrators of Berth do the same at every site.</p>`;
  if (all.length === 0) return html`${intro}<p>Nobody besides them.</p>`;
  return html`${intro}<ul class="rows">
    ${all.map(
      ({ holder, createdAt }) => html`<li><span>${holderName(holder)} since ${momentText(createdAt)}</span>
        ${may ? removal(site, holder?.holder.case ?? 'user', holder?.holder.value ?? '') : ''}</li>`,
    )}
  </ul>`;
}

function removal(site: Site, kind: string, who: string): Html {
  return html`<form method="post" action="/sites/${site.id}/administrators/remove">
    <input type="hidden" name="kind" value="${kind}" /><input type="hidden" name="who" value="${who}" />
    <button class="danger" aria-label="Remove ${who}">Remove</button>
  </form>`;
}

function addForm(site: Site, form: Form, errors: FormErrors | undefined): Html {
  const path = form.kind === 'group' ? 'holder.group' : 'holder.user';
  return html`<form method="post" action="/sites/${site.id}/administrators/add" class="narrow">
    ${formMessage(errors)}
    ${select({
      label: 'Add',
      name: 'kind',
      path: 'holder',
      value: form.kind,
      choices: [
        ['user', 'a person'],
        ['group', 'a group, and all who belong to it'],
      ],
    })}
    ${field({ label: 'Login name, or name of the group', name: 'who', path, value: form.who, required: true, errors })}
    <button>Add</button>
  </form>`;
}
