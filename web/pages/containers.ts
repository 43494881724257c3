import { ContainerRole } from '@berth/proto/api/v1/access_pb.js';
import {
  type Container,
  ContainerSelection,
  ContainerState,
  ContainersService,
} from '@berth/proto/api/v1/containers_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { conditions } from '../components/conditions.ts';
import { partStates, serviceLink, stateBadge } from '../components/container-state.ts';
import { operationProgress } from '../components/operation.ts';
import { memberTable, roleWord } from '../components/roles.ts';
import { serviceTable } from '../components/service-state.ts';
import { followContainer, type Snapshot } from '../follow-container.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import type { WebEnv } from '../session.ts';

/** What the list may be about: name, label, and how the API calls it. */
const SELECTIONS = [
  ['', 'All you may see', ContainerSelection.UNSPECIFIED],
  ['owned', 'Yours', ContainerSelection.OWNED],
  ['shared', 'Shared with you', ContainerSelection.SHARED],
] as const;

/** The list of containers, and one container's page. */
export function containerPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const pageToken = c.req.query('page') ?? '';
    const which = SELECTIONS.find(([name]) => name === c.req.query('which')) ?? SELECTIONS[0];
    const page = await containers(c).listContainers({ pageSize: 100, pageToken, selection: which[2] });
    const body = list(page, which[0]);
    return c.html(layout({ title: 'Containers', section: 'containers', user: c.get('user'), body }));
  });
  pages.get('/:id', async (c) => {
    const aborter = new AbortController();
    const first = await followContainer(c.get('transport'), c.req.param('id'), aborter.signal).next();
    aborter.abort();
    const { container } = first.value ?? {};
    if (!first.value || !container) return c.redirect('/containers');
    const body = html`<div data-live="/containers/${container.id}/events" aria-live="polite">${region(first.value)}</div>`;
    return c.html(layout({ title: container.hostname, section: 'containers', user: c.get('user'), body }));
  });
  pages.get('/:id/events', (c) =>
    liveRegion(c, async (send, signal) => {
      for await (const snapshot of followContainer(c.get('transport'), c.req.param('id'), signal)) {
        await send(region(snapshot));
      }
    }),
  );
  pages.post('/:id/:verb{delete|start|stop}', async (c) => {
    const client = containers(c);
    const request = { container: c.req.param('id') };
    const verb = c.req.param('verb');
    if (verb === 'delete') await client.deleteContainer(request);
    else if (verb === 'start') await client.startContainer(request);
    else await client.stopContainer(request);
    return c.redirect(`/containers/${request.container}`, 303);
  });
  return pages;
}

function containers(c: Context<WebEnv>) {
  return createClient(ContainersService, c.get('transport'));
}

function list(page: { containers: Container[]; nextPageToken: string }, which: string): Html {
  return html`<div class="head">
      <h1>Containers</h1>
      <span class="actions"><a href="/access">Ask for access</a> <a class="button" href="/containers/new">New container</a></span>
    </div>
    <nav class="tabs" aria-label="Which containers">
      ${SELECTIONS.map(([name, label]) => html`<a href="/containers${name ? `?which=${name}` : ''}" ${name === which ? html`aria-current="page"` : ''}>${label}</a> `)}
    </nav>
    ${page.containers.length === 0 ? html`<p>There is none yet. A new one takes about half a minute.</p>` : table(page.containers)}
    ${page.nextPageToken ? html`<p><a href="/containers?which=${which}&page=${encodeURIComponent(page.nextPageToken)}">More</a></p>` : ''}`;
}

function table(rows: Container[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Address</th><th scope="col">Services</th><th scope="col">Owner</th><th scope="col">You are</th></tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) => html`<tr>
          <th scope="row"><a href="/containers/${row.id}">${row.hostname}</a></th>
          <td>${stateBadge(row.state)} ${row.conditions.length > 0 ? html`<span class="badge warn">${row.conditions.length} to look at</span>` : ''}</td>
          <td><code>${row.address}</code></td>
          <td>${row.services.map((s) => html`${serviceLink(s.url)}<br />`)}</td>
          <td>${row.owner}</td>
          <td>${roleWord(row.myRole)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function region({ container, operation, log, deleted, members, openRequests }: Snapshot): Html {
  if (!container) return html``;
  if (deleted) {
    return html`<h1>${container.hostname}</h1>
      <p>It is gone, and so are its address, name and routes.</p>
      ${operation ? operationProgress(operation, log) : ''}
      <p><a href="/containers">Back to the containers</a></p>`;
  }
  return html`<div class="head">
      <h1>${container.hostname} ${stateBadge(container.state)}</h1>
      ${actions(container)}
    </div>
    ${conditions(container.conditions)}
    ${serviceTable(container.id, container.services, container.myRole >= ContainerRole.MAINTAINER)}
    ${partStates(container)}
    ${operation ? operationProgress(operation, log) : ''}
    ${memberTable(members)}
    <p><a href="/containers/${container.id}/members">${container.myRole === ContainerRole.OWNER ? 'Share it, or give it away' : 'Members'}</a>${openRequests > 0 ? html` <span class="badge warn">${openRequests} asking for access</span>` : ''}
      · <a href="/audit?object=${container.id}">What was done to it</a></p>
    <dl>
      <dt>Name inside</dt><dd><code>${container.fqdn}</code></dd>
      <dt>Address</dt><dd><code>${container.address}</code> (<code>${container.mac}</code>)</dd>
      <dt>Limits</dt><dd>${container.cores} cores, ${container.memoryMib} MiB memory, ${container.diskGib} GiB disk</dd>
      <dt>Template</dt><dd>${container.template}</dd>
      <dt>Guest</dt><dd>VMID ${container.vmid}</dd>
      <dt>Logins</dt><dd><a href="/containers/${container.id}/logins">How people log in</a></dd>
      ${container.description ? html`<dt>Description</dt><dd>${container.description}</dd>` : ''}
    </dl>`;
}

/** Why a role does not suffice; empty when it does. */
function lacking({ myRole }: Container, wanted: ContainerRole): string {
  return myRole >= wanted ? '' : `You are ${roleWord(myRole)}; this takes its ${roleWord(wanted)}.`;
}

function actions(container: Container): Html {
  const busy = container.activeOperation !== '';
  const button = (verb: string, label: string, why: string, quiet = 'quiet') =>
    html`<form method="post" action="/containers/${container.id}/${verb}">
      <button class="${quiet}" ${why ? html`disabled title="${why}"` : ''}>${label}</button>
    </form>`;
  const wait = busy ? 'Another operation is under way.' : '';
  const maintainer = lacking(container, ContainerRole.MAINTAINER);
  const running = container.state === ContainerState.RUNNING;
  const deleting = container.state === ContainerState.DELETING ? 'It is being deleted already.' : wait;
  return html`<div class="actions">
    ${button('start', 'Start', maintainer || wait || (running ? 'It runs already.' : ''))}
    ${button('stop', 'Stop', maintainer || wait || (running ? '' : 'It does not run.'))}
    ${button('delete', 'Delete', lacking(container, ContainerRole.OWNER) || deleting, 'danger')}
  </div>`;
}
