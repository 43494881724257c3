import { ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { type Service, ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { serviceState } from '../components/service-state.ts';
import { type FormErrors, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { usableDomains } from '../usable-domains.ts';
import { basicAuthNames, changedPaths, formOfService, type Kind, serviceOf } from './service-form.ts';
import { serviceInputs } from './service-inputs.ts';

const KINDS: readonly (readonly [kind: Kind, label: string])[] = [
  ['http', 'By name over HTTPS'],
  ['tcp', 'By a TCP port'],
  ['udp', 'By a UDP port'],
];

/** What a form came to. */
interface Outcome {
  form?: Form;
  errors?: FormErrors;
}

/** The services of a container: a page of each, and the form for another. */
export function servicePages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id/services/new', async (c) => c.html(await newPage(c, await containerOf(c), {})));
  pages.post('/:id/services/new', async (c) => {
    const [form, container] = [await readForm(c), await containerOf(c)];
    const service = serviceOf(kindOf(c), form, []);
    const answer = await refusable(client(c).createService({ container: container.id, service }));
    if (answer.ok) return c.redirect(`/containers/${container.id}/services/${answer.value.service?.id}`, 303);
    return c.html(await newPage(c, container, { form, errors: answer.errors }), answer.status);
  });
  pages.get('/:id/services/:service', async (c) => c.html(await page(c, {})));
  pages.get('/:id/services/:service/events', (c) =>
    liveRegion(c, async (send, signal) => {
      const watch = containers(c).watchContainer({ container: c.req.param('id') }, { signal });
      for await (const { container } of watch) {
        const service = container?.services.find(({ id }) => id === c.req.param('service'));
        if (service) await send(serviceState(service));
      }
    }),
  );
  pages.post('/:id/services/:service', async (c) => {
    const [form, known] = [await readForm(c), await serviceNamed(c)];
    const kind = known.exposure.case ?? 'http';
    const change = { ...serviceOf(kind, form, basicAuthNames(known)), id: known.id };
    const answer = await refusable(
      client(c).updateService({ service: change, updateMask: { paths: changedPaths(kind) } }),
    );
    if (answer.ok) return c.redirect(`/containers/${known.container}/services/${known.id}`, 303);
    return c.html(await page(c, { form, errors: answer.errors }), answer.status);
  });
  pages.post('/:id/services/:service/delete', async (c) => {
    const answer = await refusable(client(c).deleteService({ service: c.req.param('service') }));
    if (answer.ok) return c.redirect(`/containers/${c.req.param('id')}`, 303);
    return c.html(await page(c, { errors: answer.errors }), answer.status);
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(ServicesService, c.get('transport'));
const containers = (c: Context<WebEnv>) => createClient(ContainersService, c.get('transport'));

function kindOf(c: Context<WebEnv>): Kind {
  return KINDS.find(([kind]) => kind === c.req.query('kind'))?.[0] ?? 'http';
}

async function containerOf(c: Context<WebEnv>): Promise<Container> {
  const { container } = await containers(c).getContainer({ container: c.req.param('id') ?? '' });
  if (!container) throw new Error('the API sent no container');
  return container;
}

async function serviceNamed(c: Context<WebEnv>): Promise<Service> {
  const { service } = await client(c).getService({ service: c.req.param('service') ?? '' });
  if (!service) throw new Error('the API sent no service');
  return service;
}

/** Names of the domains to propose. */
async function domainsFor(c: Context<WebEnv>, { site }: Container): Promise<string[]> {
  return (await usableDomains(c.get('transport'), site)).map(({ name }) => name);
}

/** Why whoever looks may not change it; empty when he may. */
function lacking({ myRole }: Container): string {
  return myRole >= ContainerRole.MAINTAINER ? '' : 'Only its maintainers and its owner may change this.';
}

async function newPage(c: Context<WebEnv>, container: Container, { form = {}, errors }: Outcome): Promise<Html> {
  const kind = kindOf(c);
  const action = `/containers/${container.id}/services/new`;
  const inputs = serviceInputs({ kind, form, errors, known: [], domains: await domainsFor(c, container) });
  const body = html`<p><a href="/containers/${container.id}">${container.hostname}</a></p>
    <h1>Serve another port</h1>
    <nav class="tabs" aria-label="How it is reached">
      ${KINDS.map(([name, label]) => html`<a href="${action}?kind=${name}" ${name === kind ? html`aria-current="page"` : ''}>${label}</a> `)}
    </nav>
    ${formOf(`${action}?kind=${kind}`, inputs, 'Serve it', lacking(container), errors)}`;
  return layout({ title: 'Serve another port', section: 'containers', user: c.get('user'), body });
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const [container, service] = [await containerOf(c), await serviceNamed(c)];
  const { form = formOfService(service), errors } = outcome;
  const kind = service.exposure.case ?? 'http';
  const here = `/containers/${container.id}/services/${service.id}`;
  const known = basicAuthNames(service);
  const inputs = serviceInputs({ kind, form, errors, known, domains: await domainsFor(c, container) });
  const why = lacking(container);
  const body = html`<p><a href="/containers/${container.id}">${container.hostname}</a></p>
    <div class="head">
      <h1 class="long">${service.url}</h1>
      <form method="post" action="${here}/delete"><button class="danger" ${why ? html`disabled title="${why}"` : ''}>Serve it no more</button></form>
    </div>
    <div data-live="${here}/events" aria-live="polite">${serviceState(service)}</div>
    <h2>Options</h2>
    ${formOf(here, inputs, 'Save', why, errors)}`;
  return layout({ title: service.url, section: 'containers', user: c.get('user'), body });
}

function formOf(action: string, inputs: Html, label: string, why: string, errors: FormErrors | undefined): Html {
  return html`<form method="post" action="${action}" class="narrow">
    ${formMessage(errors)}
    ${why ? html`<p>${why}</p>` : ''}
    <fieldset class="bare" ${why ? html`disabled` : ''}>
      ${inputs}
      <button>${label}</button>
    </fieldset>
  </form>`;
}
