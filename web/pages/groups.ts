import { randomUUID } from 'node:crypto';
import { type Group, type GroupMember, GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { type LookupPeopleResponse, UsersService } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { checkbox } from '../components/checkbox.ts';
import { select } from '../components/select.ts';
import { type FormErrors, field, formMessage, type Refusable, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** What a form of a group's page came to; `part` is the form's. */
interface Outcome {
  part?: 'edit' | 'members' | 'delete';
  form?: Form;
  errors?: FormErrors;
}

/** The list of groups, the form for a new one, and each group's page. */
export function groupPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await list(c)));
  pages.get('/new', (c) => c.html(newPage(c, { key: randomUUID() })));
  pages.post('/new', async (c) => {
    const form = await readForm(c);
    const answer = await refusable(client(c).createGroup({ group: groupOf(form), idempotencyKey: form.key ?? '' }));
    if (answer.ok) return c.redirect(`/groups/${answer.value.group?.id}`, 303);
    return c.html(newPage(c, { ...form, key: randomUUID() }, answer.errors), answer.status);
  });
  pages.get('/:id', async (c) => c.html(await page(c, {})));
  const post = (
    part: NonNullable<Outcome['part']>,
    path: string,
    call: (c: Context<WebEnv>, form: Form) => Promise<unknown>,
  ) =>
    pages.post(`/:id/${path}`, async (c) => {
      const form = await readForm(c);
      const answer: Refusable<unknown> = await refusable(call(c, form));
      if (answer.ok) return c.redirect(part === 'delete' ? '/groups' : `/groups/${c.req.param('id')}`, 303);
      return c.html(await page(c, { part, form, errors: answer.errors }), answer.status);
    });
  post('edit', 'edit', (c, form) => {
    const paths = form.built_in ? ['description'] : ['name', 'description', 'administrator'];
    return client(c).updateGroup({ group: { ...groupOf(form), id: idOf(c) }, updateMask: { paths } });
  });
  post('members', 'members', (c, form) => client(c).addGroupMember({ group: idOf(c), member: memberOf(form) }));
  post('members', 'members/remove', (c, form) =>
    client(c).removeGroupMember({ group: idOf(c), member: memberOf(form) }),
  );
  post('delete', 'delete', (c) => client(c).deleteGroup({ group: idOf(c) }));
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(GroupsService, c.get('transport'));
const idOf = (c: Context<WebEnv>) => c.req.param('id') ?? '';

function groupOf({ name = '', description = '', administrator }: Form) {
  return { name, description, administrator: administrator === 'yes' };
}

function memberOf({ user, group }: Form) {
  const member =
    group === undefined ? ({ case: 'user', value: user ?? '' } as const) : ({ case: 'group', value: group } as const);
  return { member };
}

async function list(c: Context<WebEnv>): Promise<Html> {
  const { groups, nextPageToken } = await client(c).listGroups({ pageSize: 100, pageToken: c.req.query('page') ?? '' });
  const body = html`<div class="head">
      <h1>Groups</h1>
      <a class="button" href="/groups/new">New group</a>
    </div>
    <table>
      <thead>
        <tr><th scope="col">Name</th><th scope="col">What for</th><th scope="col">Members</th><th scope="col" class="wide">Number</th></tr>
      </thead>
      <tbody>
        ${groups.map(
          (group) => html`<tr>
            <th scope="row" class="long"><a href="/groups/${group.id}">${group.name}</a></th>
            <td class="long">${group.description} ${group.administrator ? html`<span class="badge info">administers Berth</span>` : ''}</td>
            <td>${isEverybody(group) ? 'everybody active' : group.memberCount}</td>
            <td class="wide">${group.gidNumber}</td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${nextPageToken ? html`<p><a href="/groups?page=${encodeURIComponent(nextPageToken)}">More</a></p>` : ''}`;
  return layout({ title: 'Groups', section: 'groups', user: c.get('user'), body });
}

/** The group that everybody active belongs to without being put into it. */
function isEverybody({ builtIn, name }: Group): boolean {
  return builtIn && name === 'ldapusers';
}

function newPage(c: Context<WebEnv>, form: Form, errors?: FormErrors): Html {
  const body = html`<h1>New group</h1>
    <form method="post" action="/groups/new" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="key" value="${form.key}" />
      ${groupFields(form, errors)}
      <button>Make the group</button>
    </form>`;
  return layout({ title: 'New group', section: 'groups', user: c.get('user'), body });
}

function groupFields(form: Form, errors: FormErrors | undefined, builtIn = false): Html {
  const description = field({
    label: 'What for',
    name: 'description',
    path: 'group.description',
    value: form.description,
    errors,
  });
  if (builtIn) return html`<input type="hidden" name="built_in" value="yes" />${description}`;
  return html`${field({ label: 'Name', name: 'name', path: 'group.name', value: form.name, required: true, errors, hint: 'Small letters, digits, "_", "." and "-"; containers know the group by it.' })}
    ${description}
    ${checkbox({ label: 'Its members administer Berth', name: 'administrator', checked: form.administrator === 'yes' })}`;
}

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const id = idOf(c);
  const [{ group }, { members, nextPageToken }, all, names] = await Promise.all([
    client(c).getGroup({ group: id }),
    client(c).listGroupMembers({ group: id, pageSize: 200, pageToken: c.req.query('page') ?? '' }),
    client(c).listGroups({ pageSize: 200 }),
    createClient(UsersService, c.get('transport')).lookupPeople({ limit: 50, peopleOnly: true }),
  ]);
  if (!group) throw new Error('the API sent no group');
  const more = nextPageToken
    ? html`<p><a href="/groups/${group.id}?page=${encodeURIComponent(nextPageToken)}">More members</a></p>`
    : '';
  const body = html`<p><a href="/groups">Groups</a></p>
    <h1 class="long">${group.name} ${group.administrator ? html`<span class="badge info">administers Berth</span>` : ''}</h1>
    <p>Number ${group.gidNumber}${group.builtIn ? '; there from the start' : ''}.</p>
    <h2>Members</h2>
    ${isEverybody(group) ? html`<p>Everybody who is active, and nobody else.</p>` : html`${memberList(group, members)} ${more} ${memberForms({ group, members, all: all.groups, names }, outcome)}`}
    <h2>About the group</h2>
    ${editForm(group, outcome)}
    ${group.builtIn ? '' : deleteForm(group, outcome)}`;
  return layout({ title: group.name, section: 'groups', user: c.get('user'), body });
}

function memberList({ id }: Group, members: readonly GroupMember[]): Html {
  if (members.length === 0) return html`<p>Nobody yet.</p>`;
  return html`<ul class="rows">
    ${members.map(({ member, displayName }) => {
      const [kind, name] = [member.case ?? 'user', member.value ?? ''];
      const path = kind === 'group' ? 'groups' : 'people';
      return html`<li>
        <span class="long"><a href="/${path}/${encodeURIComponent(name)}">${name}</a> ${kind === 'group' ? html`<span class="badge">group</span>` : displayName === name ? '' : displayName}</span>
        <form method="post" action="/groups/${id}/members/remove">
          <input type="hidden" name="${kind}" value="${name}" />
          <button class="quiet">Take out<span class="hidden"> ${name}</span></button>
        </form>
      </li>`;
    })}
  </ul>`;
}

/** What there is to choose from. */
interface Choices {
  group: Group;
  members: readonly GroupMember[];
  all: readonly Group[];
  names: LookupPeopleResponse;
}

function memberForms({ group, members, all, names }: Choices, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'members' ? found : undefined;
  const inside = new Set(members.map(({ member }) => (member.case === 'group' ? member.value : '')));
  const others = all.filter(({ id, name }) => id !== group.id && !inside.has(name));
  const choices = others.map(({ id, name }) => [id, name] as const);
  return html`${formMessage(errors)}
    <form method="post" action="/groups/${group.id}/members" class="filter">
      ${field({ label: 'One more person', name: 'user', path: 'member.user', value: errors ? form?.user : '', list: 'names', required: true, errors })}
      <datalist id="names">${names.people.map(({ username, displayName }) => html`<option value="${username}">${displayName}</option>`)}</datalist>
      <button class="quiet">Put in</button>
    </form>
    <form method="post" action="/groups/${group.id}/members" class="filter">
      ${select({ label: 'One more group, with all its members', name: 'group', path: 'member.group', choices, errors })}
      <button class="quiet">Put in</button>
    </form>`;
}

function editForm(group: Group, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'edit' ? found : undefined;
  const { name, description, administrator } = group;
  const values = errors && form ? form : { name, description, administrator: administrator ? 'yes' : '' };
  return html`<form method="post" action="/groups/${group.id}/edit" class="narrow">
    ${formMessage(errors)}
    ${groupFields(values, errors, group.builtIn)}
    <button>Save</button>
  </form>`;
}

function deleteForm(group: Group, { part, errors }: Outcome): Html {
  return html`${part === 'delete' ? formMessage(errors) : ''}
    <details>
      <summary>Remove this group</summary>
      <p>Its members lose what they have by it: roles in containers, the right to administer.</p>
      <form method="post" action="/groups/${group.id}/delete"><button class="danger">Remove ${group.name} for good</button></form>
    </details>`;
}
