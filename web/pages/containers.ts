import { type Container, ContainerState, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { conditions } from '../components/conditions.ts';
import { partStates, serviceLink, stateBadge } from '../components/container-state.ts';
import { operationProgress } from '../components/operation.ts';
import { followContainer, type Snapshot } from '../follow-container.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import type { WebEnv } from '../session.ts';

/** The list of containers, and one container's page. */
export function containerPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => {
    const pageToken = c.req.query('page') ?? '';
    const page = await containers(c).listContainers({ pageSize: 100, pageToken });
    return c.html(layout({ title: 'Containers', section: 'containers', user: c.get('user'), body: list(page) }));
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

function list(page: { containers: Container[]; nextPageToken: string }): Html {
  return html`<div class="head">
      <h1>Containers</h1>
      <a class="button" href="/containers/new">New container</a>
    </div>
    ${page.containers.length === 0 ? html`<p>There is none yet. A new one takes about half a minute.</p>` : table(page.containers)}
    ${page.nextPageToken ? html`<p><a href="/containers?page=${encodeURIComponent(page.nextPageToken)}">More</a></p>` : ''}`;
}

function table(rows: Container[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Address</th><th scope="col">Services</th><th scope="col">Owner</th></tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) => html`<tr>
          <th scope="row"><a href="/containers/${row.id}">${row.hostname}</a></th>
          <td>${stateBadge(row.state)} ${row.conditions.length > 0 ? html`<span class="badge warn">${row.conditions.length} to look at</span>` : ''}</td>
          <td><code>${row.address}</code></td>
          <td>${row.services.map((s) => html`${serviceLink(s.url)}<br />`)}</td>
          <td>${row.owner}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function region({ container, operation, log, deleted }: Snapshot): Html {
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
    <ul class="services">
      ${container.services.map((s) => html`<li>${serviceLink(s.url)} → port ${s.internalPort} ${conditions(s.conditions)}</li>`)}
    </ul>
    ${partStates(container)}
    ${operation ? operationProgress(operation, log) : ''}
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

function actions(container: Container): Html {
  const busy = container.activeOperation !== '';
  const button = (verb: string, label: string, why: string, quiet = 'quiet') =>
    html`<form method="post" action="/containers/${container.id}/${verb}">
      <button class="${quiet}" ${why ? html`disabled title="${why}"` : ''}>${label}</button>
    </form>`;
  const wait = busy ? 'Another operation is under way.' : '';
  const running = container.state === ContainerState.RUNNING;
  const deleting = container.state === ContainerState.DELETING ? 'It is being deleted already.' : wait;
  return html`<div class="actions">
    ${button('start', 'Start', wait || (running ? 'It runs already.' : ''))}
    ${button('stop', 'Stop', wait || (running ? '' : 'It does not run.'))}
    ${button('delete', 'Delete', deleting, 'danger')}
  </div>`;
}
