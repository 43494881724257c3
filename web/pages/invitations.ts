import { randomUUID } from 'node:crypto';
import { GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { type HandedLink, type Invitation, MailDelivery, SignUpService } from '@berth/proto/api/v1/sign_up_pb.js';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { handedLink } from '../components/handed-link.ts';
import { momentText } from '../components/moment.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { publicSettings } from '../sign-up-client.ts';

/** What a form came to. */
interface Outcome {
  form?: Form;
  errors?: FormErrors;
  sent?: { invitation?: Invitation; link?: HandedLink };
}

/** Who is invited, and inviting. */
export function invitationsPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, {})));
  pages.post('/', async (c) => {
    const form = await readForm(c);
    const { email = '', username = '', display_name: displayName = '', group = '', key = '' } = form;
    const invitation = { email, username, displayName, groups: group === '' ? [] : [group] };
    const answer = await refusable(client(c).inviteUser({ invitation, idempotencyKey: key }));
    // A link that is shown is in this answer alone.
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(await page(c, { sent: answer.value }));
    return c.html(await page(c, { form, errors: answer.errors }), answer.status);
  });
  pages.post('/:id/resend', async (c) => {
    const answer = await refusable(client(c).resendInvitation({ invitation: c.req.param('id') }));
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(await page(c, { sent: answer.value }));
    return c.html(await page(c, { errors: answer.errors }), answer.status);
  });
  pages.post('/:id/delete', async (c) => {
    await client(c).deleteInvitation({ invitation: c.req.param('id') });
    return c.redirect('/people/invitations', 303);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(SignUpService, c.get('transport'));
}

async function page(c: Context<WebEnv>, { form = {}, errors, sent }: Outcome): Promise<Html> {
  const [list, { groups }, { mailAvailable }] = await Promise.all([
    client(c).listInvitations({ pageSize: 100, pageToken: c.req.query('page') ?? '' }),
    createClient(GroupsService, c.get('transport')).listGroups({ pageSize: 200 }),
    publicSettings(c),
  ]);
  const choices = groups.filter(({ name }) => name !== 'ldapusers').map(({ id, name }) => [id, name] as const);
  const body = html`<p><a href="/people">People</a></p>
    <h1>Invitations</h1>
    ${mailAvailable ? '' : html`<p class="warn">Mail is not set up (<a href="/settings">settings</a>): you get each link to hand it over yourself.</p>`}
    ${sent ? sentNotice(sent) : ''}
    <form method="post" action="/people/invitations" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${randomUUID()}" />
      ${field({ label: 'E-mail address', name: 'email', path: 'invitation.email', type: 'email', value: form.email, required: true, errors })}
      ${field({ label: 'Login name', name: 'username', path: 'invitation.username', value: form.username, errors, hint: 'A proposal; may stay empty.' })}
      ${field({ label: 'Name', name: 'display_name', path: 'invitation.display_name', value: form.display_name, errors, hint: 'A proposal; may stay empty.' })}
      ${select({ label: 'Group', name: 'group', path: 'invitation.groups[0]', choices: [['', 'none'], ...choices], value: form.group, errors })}
      <button>Invite</button>
    </form>
    <h2>Open invitations</h2>
    ${list.invitations.length === 0 ? html`<p>There are none.</p>` : table(list.invitations)}
    ${list.nextPageToken ? html`<p><a href="/people/invitations?page=${encodeURIComponent(list.nextPageToken)}">More</a></p>` : ''}`;
  return layout({ title: 'Invitations', section: 'people', user: c.get('user'), body });
}

function sentNotice({ invitation, link }: NonNullable<Outcome['sent']>): Html {
  if (link?.mailed) return html`<p role="status">A mail is on its way to <strong>${invitation?.email}</strong>.</p>`;
  if (!link?.url)
    return html`<p role="status">Invited. The link was shown once already; send the invitation again for another.</p>`;
  return handedLink(link.url, invitation?.email ?? '', 'within 24 hours', 'make the account');
}

function table(invitations: readonly Invitation[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Address</th><th scope="col">Mail</th><th scope="col" class="wide">Groups</th><th scope="col" class="wide">Invited by</th><th scope="col">Works until</th><th scope="col"><span class="hidden">Actions</span></th></tr>
    </thead>
    <tbody>
      ${invitations.map(
        (invitation) => html`<tr>
          <th scope="row" class="long">${invitation.email}</th>
          <td>${delivery(invitation)}</td>
          <td class="wide">${invitation.groups.join(', ')}</td>
          <td class="wide">${invitation.invitedBy}</td>
          <td>${until(invitation)}</td>
          <td class="actions">
            <form method="post" action="/people/invitations/${invitation.id}/resend"><button class="quiet" aria-label="Send again to ${invitation.email}">Send again</button></form>
            <form method="post" action="/people/invitations/${invitation.id}/delete"><button class="danger" aria-label="Take back the invitation of ${invitation.email}">Take back</button></form>
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function until({ expiresAt }: Invitation): Html {
  const over = expiresAt !== undefined && timestampDate(expiresAt).getTime() <= Date.now();
  return over ? html`<span class="badge warn">expired</span>` : momentText(expiresAt);
}

function delivery({ delivery: state, deliveryError }: Invitation): Html {
  const why = deliveryError ? html`<br /><small>${deliveryError}</small>` : '';
  switch (state) {
    case MailDelivery.SENT:
      return html`<span class="badge good">sent</span>`;
    case MailDelivery.FAILED:
      return html`<span class="badge bad">not delivered</span>${why}`;
    case MailDelivery.QUEUED:
      return html`<span class="badge">on its way</span>${why}`;
    default:
      return html`handed over`;
  }
}
