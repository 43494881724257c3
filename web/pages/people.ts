import { randomUUID } from 'node:crypto';
import { GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { type Person, UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { momentText } from '../components/moment.ts';
import { select } from '../components/select.ts';
import { userStatus } from '../components/user-status.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

const STATUSES: Record<string, UserStatus> = {
  pending: UserStatus.PENDING,
  active: UserStatus.ACTIVE,
  suspended: UserStatus.SUSPENDED,
};
const CHOICES = [
  ['', 'everybody'],
  ['pending', 'who waits for approval'],
  ['active', 'who is active'],
  ['suspended', 'who is suspended'],
] as const;

/** What a list is narrowed to, as it stands in the page's address. */
interface Filter {
  query: string;
  status: string;
}

/** The list of people, and the form for a new one. */
export function peoplePages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', async (c) => c.html(await newPage(c, { key: randomUUID() })));
  pages.post('/new', async (c) => {
    const form = await readForm(c);
    const { username = '', display_name: displayName = '', email = '', password = '', group = '', key = '' } = form;
    const answer = await refusable(
      client(c).createUser({
        user: { username, displayName, email },
        password,
        groups: group === '' ? [] : [group],
        idempotencyKey: key,
      }),
    );
    if (answer.ok) return c.redirect(`/people/${answer.value.user?.id}`, 303);
    return c.html(await newPage(c, { ...form, key: randomUUID() }, answer.errors), answer.status);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(UsersService, c.get('transport'));
}

async function list(c: Context<WebEnv>): Promise<Html> {
  const filter = { query: c.req.query('query') ?? '', status: c.req.query('status') ?? '' };
  const status = STATUSES[filter.status] ?? UserStatus.UNSPECIFIED;
  const { query } = filter;
  const [page, waiting] = await Promise.all([
    client(c).listUsers({ pageSize: 100, pageToken: c.req.query('page') ?? '', query, status }),
    client(c).listUsers({ pageSize: 1, status: UserStatus.PENDING }),
  ]);
  const more = new URLSearchParams({ ...filter, page: page.nextPageToken });
  const body = html`<div class="head">
      <h1>People</h1>
      <div class="actions">
        <a class="button" href="/people/invitations">Invitations</a>
        <a class="button" href="/people/new">New person</a>
      </div>
    </div>
    ${waiting.users.length > 0 && filter.status !== 'pending' ? html`<p role="status"><a href="/people?status=pending">Somebody has registered and waits for approval.</a></p>` : ''}
    ${filterForm(filter)}
    ${page.users.length === 0 ? html`<p>Nobody is found.</p>` : table(page.users)}
    ${page.nextPageToken ? html`<p><a href="/people?${more.toString()}">More</a></p>` : ''}`;
  return layout({ title: 'People', section: 'people', user: c.get('user'), body });
}

function filterForm({ query, status }: Filter): Html {
  return html`<form method="get" action="/people" class="filter" role="search">
    ${field({ label: 'Name or address', name: 'query', path: 'query', value: query })}
    ${select({ label: 'Show', name: 'status', path: 'status', choices: CHOICES, value: status })}
    <button class="quiet">Search</button>
  </form>`;
}

function table(people: readonly Person[]): Html {
  return html`<table>
    <thead>
      <tr><th scope="col">Login name</th><th scope="col">Name</th><th scope="col">Status</th><th scope="col" class="wide">Groups</th><th scope="col" class="wide">Last signed in</th></tr>
    </thead>
    <tbody>
      ${people.map(
        (person) => html`<tr>
          <th scope="row" class="long"><a href="/people/${person.id}">${person.username}</a></th>
          <td class="long">${person.displayName || person.username}${person.email ? html`<br /><small>${person.email}</small>` : ''}</td>
          <td>${userStatus(person.status)} ${person.administrator ? html`<span class="badge info">administrator</span>` : ''}</td>
          <td class="wide">${person.groups.join(', ')}</td>
          <td class="wide">${momentText(person.lastSignInAt)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

async function newPage(c: Context<WebEnv>, form: Form, errors?: FormErrors): Promise<Html> {
  const { groups } = await createClient(GroupsService, c.get('transport')).listGroups({ pageSize: 200 });
  const choices = groups.filter(({ name }) => name !== 'ldapusers').map(({ id, name }) => [id, name] as const);
  const body = html`<h1>New person</h1>
    <form method="post" action="/people/new" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${form.key}" />
      ${field({ label: 'Login name', name: 'username', path: 'user.username', value: form.username, required: true, errors, hint: 'Small letters, digits, "_", "." and "-"; it cannot be changed later.' })}
      ${field({ label: 'Name', name: 'display_name', path: 'user.display_name', value: form.display_name, errors, hint: 'As others see it.' })}
      ${field({ label: 'E-mail address', name: 'email', path: 'user.email', type: 'email', value: form.email, errors, hint: 'May stay empty.' })}
      ${field({ label: 'First password', name: 'password', path: 'password', type: 'password', autocomplete: 'new-password', errors, hint: 'At least 10 characters, to be handed over; without one nobody can sign in with a password.' })}
      ${select({ label: 'Group', name: 'group', path: 'groups[0]', choices: [['', 'none'], ...choices], value: form.group, errors })}
      <button>Make the account</button>
    </form>`;
  return layout({ title: 'New person', section: 'people', user: c.get('user'), body });
}
