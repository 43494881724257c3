import { randomUUID } from 'node:crypto';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import type { Domain } from '@berth/proto/api/v1/domains_pb.js';
import { SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { type Site, SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { numberOf } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { usableDomains } from '../usable-domains.ts';

type Form = Record<string, string>;

const DEFAULTS: Form = {
  template: 'debian-12',
  cores: '2',
  memory_mib: '1024',
  disk_gib: '8',
  http_port: '80',
  tcp_ports: '22',
};

const AUDIENCES: [value: string, label: string][] = [
  ['nobody', 'everybody'],
  ['members', 'members of the container, signed in'],
];

/** The form for a new container. */
export function newContainerPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, { ...DEFAULTS, key: randomUUID() })));
  pages.post('/', async (c) => {
    const body = await c.req.parseBody();
    const form: Form = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value).trim()]));
    const client = createClient(ContainersService, c.get('transport'));
    const call = client.createContainer({ container: containerOf(form), idempotencyKey: form.key ?? '' });
    const answer = await refusable(call);
    if (answer.ok) return c.redirect(`/containers/${answer.value.container?.id}`, 303);
    // A fresh key: the corrected form is another request.
    return c.html(await page(c, { ...form, key: randomUUID() }, answer.errors), answer.status);
  });
  return pages;
}

/** The name of its web page: what was typed where that is a whole name, else right under the domain chosen. */
function hostOf({ http_host: typed = '', http_domain: domain = '' }: Form): string {
  if (typed === '' || typed.includes('.') || domain === '') return typed;
  return typed === '@' ? domain : `${typed}.${domain}`;
}

function httpOf(form: Form) {
  const require = form.sign_in === 'members' ? SignInRequirement.MEMBERS : SignInRequirement.UNSPECIFIED;
  const value = { host: hostOf(form), options: { signIn: { require } } };
  return { internalPort: numberOf(form.http_port), exposure: { case: 'http' as const, value } };
}

function containerOf(form: Form) {
  const http = form.http_host ? [httpOf(form)] : [];
  const tcp = (form.tcp_ports ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((port) => ({ internalPort: numberOf(port), exposure: { case: 'tcp' as const, value: {} } }));
  return {
    site: form.site ?? '',
    hostname: form.hostname ?? '',
    template: form.template ?? '',
    cores: numberOf(form.cores),
    memoryMib: numberOf(form.memory_mib),
    diskGib: numberOf(form.disk_gib),
    description: form.description ?? '',
    services: [...http, ...tcp],
  };
}

async function page(c: Context<WebEnv>, form: Form, errors?: FormErrors): Promise<Html> {
  const { sites } = await createClient(SitesService, c.get('transport')).listSites({ pageSize: 200 });
  const domains = await usableDomains(c.get('transport'));
  const body = html`<h1>New container</h1>
    ${sites.length === 0 ? html`<p class="error">There is no site yet: an administrator makes one first.</p>` : formOf(form, sites, domains, errors)}`;
  return layout({ title: 'New container', section: 'containers', user: c.get('user'), body });
}

/** The domains to choose from, with their sites where there are several. */
function choicesOf(domains: readonly Domain[], sites: readonly Site[]): [value: string, label: string][] {
  const siteName = (id: string) => sites.find((site) => site.id === id)?.name ?? id;
  return domains.map(({ name, site }) => [name, sites.length > 1 ? `${name} (${siteName(site)})` : name]);
}

function formOf(form: Form, sites: Site[], domains: Domain[], errors: FormErrors | undefined): Html {
  const input = (name: string, label: string, path: string, hint: string, type: 'text' | 'number' = 'text') =>
    field({ label, name, path, hint, type, value: form[name], errors, required: name === 'hostname' });
  const pick = (name: string, label: string, path: string, choices: (readonly [string, string])[]) =>
    select({ label, name, path, choices, value: form[name], errors });
  const portsPath = form.http_host ? 'container.services[1].internal_port' : 'container.services[0].internal_port';
  return html`<form method="post" action="/containers/new" class="narrow">
    ${formMessage(errors)}
    <input type="hidden" name="key" value="${form.key}" />
    <div class="field">
      <label for="site">Site</label>
      <select id="site" name="site">
        ${sites.map((s) => html`<option ${form.site === s.name ? html`selected` : ''}>${s.name}</option>`)}
      </select>
    </div>
    ${input('hostname', 'Host name', 'container.hostname', 'Lower-case letters, digits and hyphens.')}
    ${input('template', 'Template', 'container.template', 'A template of the node, e.g. debian-12.')}
    ${input('http_host', 'External name', 'container.services[0].http.host', 'For its web page, e.g. web1; a whole name serves, too; may stay empty.')}
    ${pick('http_domain', 'Under the domain', '-', choicesOf(domains, sites))}
    ${pick('sign_in', 'Who may open it', 'container.services[0].http.options.sign_in.require', AUDIENCES)}
    ${input('http_port', 'Port of its web page', 'container.services[0].internal_port', 'Inside the container.', 'number')}
    ${input('tcp_ports', 'TCP ports', portsPath, 'Inside the container, separated by spaces; each gets an external port.')}
    ${input('cores', 'Cores', 'container.cores', '1 to 128', 'number')}
    ${input('memory_mib', 'Memory in MiB', 'container.memory_mib', '128 and more', 'number')}
    ${input('disk_gib', 'Disk in GiB', 'container.disk_gib', '1 and more', 'number')}
    ${input('description', 'Description', 'container.description', 'What it is for.')}
    <button>Create</button>
  </form>`;
}
