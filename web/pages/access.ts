import { type AccessRequest, AccessRequestState, AccessService } from '@berth/proto/api/v1/access_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { momentText } from '../components/moment.ts';
import { ROLE_CHOICES, roleOf, roleWord } from '../components/roles.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** Asking for access, and what one has asked for. */
export function accessPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, { container: c.req.query('container') ?? '', role: 'user' })));
  pages.post('/', async (c) => {
    const form = await readForm(c);
    const { container = '', role, message = '' } = form;
    const answer = await refusable(client(c).requestAccess({ container, role: roleOf(role), message }));
    if (answer.ok) return c.redirect('/access', 303);
    return c.html(await page(c, form, answer.errors), answer.status);
  });
  pages.post('/:id/withdraw', async (c) => {
    await client(c).withdrawAccessRequest({ request: c.req.param('id') });
    return c.redirect('/access', 303);
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(AccessService, c.get('transport'));

async function page(c: Context<WebEnv>, form: Form, errors?: FormErrors): Promise<Html> {
  const { requests } = await client(c).listAccessRequests({ own: true, closed: true, pageSize: 50 });
  const body = html`<h1>Ask for access</h1>
    <p>If there is a container of that name, its owner hears of it and decides. You see here when that has happened.</p>
    <form method="post" action="/access" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Container', name: 'container', path: 'container', value: form.container, required: true, errors, hint: 'Site and host name, e.g. lab/web1.' })}
      ${select({ label: 'As', name: 'role', path: 'role', value: form.role, choices: ROLE_CHOICES, errors })}
      ${field({ label: 'Why', name: 'message', path: 'message', value: form.message, errors, hint: 'The owner reads this.' })}
      <button>Ask</button>
    </form>
    ${requests.length > 0 ? table(requests) : ''}`;
  return layout({ title: 'Ask for access', section: 'containers', user: c.get('user'), body });
}

function table(requests: readonly AccessRequest[]): Html {
  return html`<h2>What you asked for</h2>
    <table>
      <thead>
        <tr><th scope="col">Container</th><th scope="col">Role</th><th scope="col">State</th><th scope="col" class="wide">Sent</th><th scope="col"><span class="hidden">Actions</span></th></tr>
      </thead>
      <tbody>
        ${requests.map(
          (request) => html`<tr>
            <th scope="row">${request.container}</th>
            <td>${roleWord(request.role)}</td>
            <td>${(AccessRequestState[request.state] ?? '').toLowerCase()}${request.answer ? html`: ${request.answer}` : ''}</td>
            <td class="wide">${momentText(request.createdAt)}</td>
            <td>${request.state === AccessRequestState.OPEN ? html`<form method="post" action="/access/${request.id}/withdraw"><button class="quiet" aria-label="Take back the request for ${request.container}">Take back</button></form>` : ''}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
}
