import {
  type AccessRequest,
  AccessService,
  ContainerRole,
  type Member,
  type WatchMembersResponse,
} from '@berth/proto/api/v1/access_pb.js';
import { type Container, ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { memberTable, ROLE_CHOICES, roleOf, roleWord } from '../components/roles.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { liveRegion } from '../live.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** What a form of the page came to; `part` is the form's. */
interface Outcome {
  part?: 'share' | 'transfer' | 'other';
  form?: Form;
  errors?: FormErrors;
}

type Change = (c: Context<WebEnv>, form: Form) => Promise<unknown>;

/** Who may do what with one container: seen by its members, changed by its owner. */
export function memberPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id/members', async (c) => c.html(await page(c, {})));
  pages.get('/:id/members/events', (c) =>
    liveRegion(c, async (send, signal) => {
      const { container } = await containers(c).getContainer({ container: idOf(c) });
      const owns = container?.myRole === ContainerRole.OWNER;
      for await (const news of access(c).watchMembers({ container: idOf(c) }, { signal })) {
        await send(region(idOf(c), news, owns));
      }
    }),
  );
  const post = (part: NonNullable<Outcome['part']>, path: string, call: Change, next?: string) =>
    pages.post(`/:id/members/${path}`, async (c) => {
      const form = await readForm(c);
      const answer = await refusable(call(c, form));
      if (answer.ok) return c.redirect(next ?? `/containers/${idOf(c)}/members`, 303);
      return c.html(await page(c, { part, form, errors: answer.errors }), answer.status);
    });
  post('share', 'share', (c, form) =>
    access(c).setMember({ container: idOf(c), holder: holderOf(form), role: roleOf(form.role) }),
  );
  post('other', 'remove', (c, form) => access(c).removeMember({ container: idOf(c), holder: holderOf(form) }));
  post('other', 'leave', (c) => access(c).leaveContainer({ container: idOf(c) }), '/containers');
  post(
    'transfer',
    'transfer',
    (c, { new_owner: newOwner = '', keep }) =>
      access(c).transferOwnership({ container: idOf(c), newOwner, formerOwnerRole: roleOf(keep) }),
    '/containers',
  );
  post('other', 'decide', (c, { request = '', grant, role, answer = '' }) =>
    access(c).decideAccessRequest({ request, grant: grant === 'yes', role: roleOf(role), answer }),
  );
  return pages;
}

const access = (c: Context<WebEnv>) => createClient(AccessService, c.get('transport'));
const containers = (c: Context<WebEnv>) => createClient(ContainersService, c.get('transport'));
const idOf = (c: Context<WebEnv>) => c.req.param('id') ?? '';

function holderOf({ who = '', kind }: Form) {
  return { holder: { case: kind === 'group' ? ('group' as const) : ('user' as const), value: who } };
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const { container } = await containers(c).getContainer({ container: idOf(c) });
  if (!container) throw new Error('the API sent no container');
  const { id, hostname, myRole } = container;
  const owns = myRole === ContainerRole.OWNER;
  const { members } = await access(c).listMembers({ container: id, pageSize: 200 });
  const requests = owns ? (await access(c).listAccessRequests({ container: id })).requests : [];
  const now = { members, openRequests: requests.length };
  const body = html`<p><a href="/containers/${id}">${hostname}</a></p>
    <h1>Who may do what with ${hostname}</h1>
    ${outcome.part === 'other' ? formMessage(outcome.errors) : ''}
    ${requests.length > 0 ? requestList(id, requests) : ''}
    <div data-live="/containers/${id}/members/events" aria-live="polite">${region(id, now, owns)}</div>
    ${owns ? ownersForms(id, outcome) : othersForms(container)}`;
  return layout({ title: `Members of ${hostname}`, section: 'containers', user: c.get('user'), body });
}

function region(id: string, now: Pick<WatchMembersResponse, 'members' | 'openRequests'>, owns: boolean): Html {
  const waiting = now.openRequests > 0 ? html`<p class="warn">Requests that wait for you: ${now.openRequests}</p>` : '';
  return html`${waiting}${memberTable(now.members, owns ? (member) => removal(id, member) : undefined)}`;
}

function removal(id: string, { holder, role }: Member): Html {
  if (role === ContainerRole.OWNER) return html``;
  const { case: kind = 'user', value = '' } = holder?.holder ?? {};
  return html`<form method="post" action="/containers/${id}/members/remove">
    <input type="hidden" name="kind" value="${kind}" /><input type="hidden" name="who" value="${value}" />
    <button class="danger" aria-label="Remove ${value}">Remove</button>
  </form>`;
}

function requestList(id: string, requests: readonly AccessRequest[]): Html {
  return html`<section aria-labelledby="requests">
    <h2 id="requests">Requests</h2>
    ${requests.map(
      (request) => html`<form method="post" action="/containers/${id}/members/decide" class="request">
        <p><strong>${request.user}</strong> ${request.displayName} asks to be ${roleWord(request.role)}.</p>
        ${request.message ? html`<blockquote>${request.message}</blockquote>` : ''}
        <input type="hidden" name="request" value="${request.id}" />
        <label for="answer-${request.id}">A word to them</label>
        <input id="answer-${request.id}" name="answer" maxlength="1000" autocomplete="off" />
        <p class="actions"><button name="grant" value="yes">Grant</button> <button name="grant" value="no" class="danger">Refuse</button></p>
      </form>`,
    )}
  </section>`;
}

function ownersForms(id: string, { part, form = {}, errors }: Outcome): Html {
  const share = part === 'share' ? { form, errors } : { form: {}, errors: undefined };
  const transfer = part === 'transfer' ? { form, errors } : { form: {}, errors: undefined };
  const wrong = share.form.kind === 'group' ? 'holder.group' : 'holder.user';
  return html`<h2>Share it</h2>
    <form method="post" action="/containers/${id}/members/share" class="narrow">
      ${formMessage(share.errors)}
      ${select({
        label: 'With',
        name: 'kind',
        path: 'holder',
        value: share.form.kind,
        choices: [
          ['user', 'a person'],
          ['group', 'a group, and all who belong to it'],
        ],
      })}
      ${field({ label: 'Login name, or name of the group', name: 'who', path: wrong, value: share.form.who, required: true, errors: share.errors, hint: 'Who has a role already gets this one instead.' })}
      ${select({ label: 'As', name: 'role', path: 'role', value: share.form.role, choices: ROLE_CHOICES, errors: share.errors })}
      <button>Share</button>
    </form>
    <details ${transfer.errors ? html`open` : ''}>
      <summary>Give it to somebody else</summary>
      <form method="post" action="/containers/${id}/members/transfer" class="narrow">
        ${formMessage(transfer.errors)}
        ${field({ label: 'New owner', name: 'new_owner', path: 'new_owner', value: transfer.form.new_owner, required: true, errors: transfer.errors, hint: 'Login name.' })}
        ${select({ label: 'What the owner of today keeps', name: 'keep', path: 'former_owner_role', value: transfer.form.keep, choices: [['', 'Nothing'], ...ROLE_CHOICES] })}
        <button class="danger">Give it away</button>
      </form>
    </details>`;
}

function othersForms({ id, hostname, myRole }: Container): Html {
  return html`<p>You are ${roleWord(myRole)}. Who has a role is decided by the owner${myRole === ContainerRole.MAINTAINER ? '' : html`; you can <a href="/access?container=${id}">ask for more</a>`}.</p>
    <form method="post" action="/containers/${id}/members/leave"><button class="danger">Leave ${hostname}</button></form>`;
}
