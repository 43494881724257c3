import { AccountService, type SshKey } from '@berth/proto/api/v1/account_pb.js';
import { type Group, GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { type Person, UserStatus, UsersService } from '@berth/proto/api/v1/people_pb.js';
import type { HandedLink } from '@berth/proto/api/v1/sign_up_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { handedLink } from '../components/handed-link.ts';
import { momentText } from '../components/moment.ts';
import { select } from '../components/select.ts';
import { sshKeys } from '../components/ssh-keys.ts';
import { userStatus } from '../components/user-status.ts';
import { type FormErrors, field, formMessage, type Refusable, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** Everything about a person that a page shows. */
interface Shown {
  person: Person;
  keys: SshKey[];
  groups: Group[];
}

/** What a form of the page came to; `part` is the form's. */
interface Outcome {
  part?: 'edit' | 'status' | 'password' | 'groups' | 'keys' | 'delete';
  form?: Form;
  errors?: FormErrors;
  /** A link just made, for handing over. */
  link?: HandedLink | undefined;
}

/** One person, for administrators. */
export function personPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id', async (c) => c.html(await page(c, {})));
  const form = (part: NonNullable<Outcome['part']>, path: string, call: (c: Call, form: Form) => Promise<unknown>) =>
    pages.post(`/:id/${path}`, async (c) => {
      const id = c.req.param('id') ?? '';
      const fields = await readForm(c);
      const answer: Refusable<unknown> = await refusable(call({ c, id }, fields));
      if (answer.ok) return c.redirect(part === 'delete' ? '/people' : `/people/${id}`, 303);
      return c.html(await page(c, { part, form: fields, errors: answer.errors }), answer.status);
    });
  form('edit', 'edit', ({ c, id }, { display_name: displayName = '', email = '', shell = '' }) =>
    users(c).updateUser({
      user: { id, displayName, email, shell },
      updateMask: { paths: ['display_name', 'email', 'shell'] },
    }),
  );
  form('status', 'status', ({ c, id }, { status }) =>
    users(c).updateUser({
      user: { id, status: status === 'suspended' ? UserStatus.SUSPENDED : UserStatus.ACTIVE },
      updateMask: { paths: ['status'] },
    }),
  );
  form('password', 'password', ({ c, id }, { password = '' }) => users(c).setUserPassword({ user: id, password }));
  pages.post('/:id/reset-link', async (c) => {
    const answer = await refusable(users(c).createPasswordResetLink({ user: c.req.param('id') }));
    // The link is in this answer alone, so it must not stay in a cache.
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(await page(c, { part: 'password', link: answer.value.link }));
    return c.html(await page(c, { part: 'password', errors: answer.errors }), answer.status);
  });
  form('delete', 'delete', ({ c, id }) => users(c).deleteUser({ user: id }));
  form('groups', 'groups', ({ c, id }, { group = '' }) => groups(c).addGroupMember({ group, member: member(id) }));
  form('groups', 'groups/remove', ({ c, id }, { group = '' }) =>
    groups(c).removeGroupMember({ group, member: member(id) }),
  );
  form('keys', 'keys', ({ c, id }, { public_key: publicKey = '', key_name: name = '' }) =>
    account(c).addSshKey({ user: id, key: { publicKey, name } }),
  );
  form('keys', 'keys/:key/delete', ({ c }) => account(c).deleteSshKey({ key: c.req.param('key') ?? '' }));
  return pages;
}

interface Call {
  c: Context<WebEnv>;
  id: string;
}

const users = (c: Context<WebEnv>) => createClient(UsersService, c.get('transport'));
const groups = (c: Context<WebEnv>) => createClient(GroupsService, c.get('transport'));
const account = (c: Context<WebEnv>) => createClient(AccountService, c.get('transport'));
const member = (value: string) => ({ member: { case: 'user' as const, value } });

async function page(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const id = c.req.param('id') ?? '';
  const [{ user: person }, { keys }, all] = await Promise.all([
    users(c).getUser({ user: id }),
    account(c).listSshKeys({ user: id }),
    groups(c).listGroups({ pageSize: 200 }),
  ]);
  if (!person) throw new Error('the API sent no person');
  const shown = { person, keys, groups: all.groups };
  const body = html`<p><a href="/people">People</a></p>
    <div class="head">
      <h1 class="long">${person.displayName || person.username} ${userStatus(person.status)}</h1>
      ${statusForm(person)}
    </div>
    ${outcome.link ? handedLink(outcome.link.url, person.username, 'within an hour', 'set the password') : ''}
    ${outcome.part === 'status' ? formMessage(outcome.errors) : ''}
    ${facts(person)}
    ${editForm(shown, outcome)}
    <h2>Groups</h2>
    ${groupForms(shown, outcome)}
    <h2>SSH keys</h2>
    ${sshKeys({ keys, path: `/people/${person.id}/keys`, ...(outcome.part === 'keys' ? outcome : {}) })}
    <h2>Password</h2>
    ${passwordForm(shown, outcome)}
    <p><a href="/people/${person.id}/security">Second factors and sessions</a></p>
    ${deleteForm(shown, outcome)}`;
  return layout({ title: person.username, section: 'people', user: c.get('user'), body });
}

function statusForm({ id, status }: Person): Html {
  const [to, label, look] =
    status === UserStatus.ACTIVE
      ? ['suspended', 'Suspend', 'danger']
      : ['active', status === UserStatus.PENDING ? 'Approve' : 'Let in again', ''];
  return html`<form method="post" action="/people/${id}/status" class="actions">
    <input type="hidden" name="status" value="${to}" />
    <button class="${look}">${label}</button>
  </form>`;
}

function facts(person: Person): Html {
  const { ownedContainers: owned } = person;
  return html`<dl>
    <dt>Login name</dt><dd><code>${person.username}</code></dd>
    <dt>Number</dt><dd>${person.uidNumber}</dd>
    <dt>Rights</dt><dd>${person.administrator ? 'administers Berth' : 'no right to administer Berth'}</dd>
    <dt>Owns</dt><dd>${owned === 1 ? 'one container' : `${owned || 'no'} containers`}</dd>
    <dt>Address</dt><dd class="long">${person.email || 'none'} ${person.email ? (person.emailVerified ? html`<span class="badge good">confirmed</span>` : html`<span class="badge warn">not confirmed</span>`) : ''}</dd>
    <dt>Password</dt><dd>${person.hasPassword ? html`set ${momentText(person.passwordChangedAt, '')}` : 'none'}</dd>
    <dt>Last signed in</dt><dd>${momentText(person.lastSignInAt)}</dd>
    <dt>Since</dt><dd>${momentText(person.createdAt)}</dd>
  </dl>`;
}

function editForm({ person }: Shown, { part, form, errors: all }: Outcome): Html {
  const errors = part === 'edit' ? all : undefined;
  const values = part === 'edit' && form ? form : { display_name: person.displayName, ...person };
  return html`<form method="post" action="/people/${person.id}/edit" class="narrow">
    ${formMessage(errors)}
    ${field({ label: 'Name', name: 'display_name', path: 'user.display_name', value: values.display_name, errors, hint: 'As others see it.' })}
    ${field({ label: 'E-mail address', name: 'email', path: 'user.email', type: 'email', value: values.email, errors, hint: 'What you enter counts as confirmed.' })}
    ${field({ label: 'Shell', name: 'shell', path: 'user.shell', value: values.shell, errors, hint: 'In containers, e.g. /bin/bash.' })}
    <button>Save</button>
  </form>`;
}

function groupForms({ person, groups: all }: Shown, { part, errors }: Outcome): Html {
  const others = all.filter(({ name }) => name !== 'ldapusers' && !person.groups.includes(name));
  const choices = others.map(({ id, name }) => [id, name] as const);
  return html`${part === 'groups' ? formMessage(errors) : ''}
    ${person.groups.length === 0 ? html`<p>In none but ldapusers, as everybody who is active.</p>` : ''}
    <ul class="rows">
      ${person.groups.map(
        (name) => html`<li>
          <a class="long" href="/groups/${encodeURIComponent(name)}">${name}</a>
          <form method="post" action="/people/${person.id}/groups/remove">
            <input type="hidden" name="group" value="${name}" />
            <button class="quiet">Take out<span class="hidden"> of ${name}</span></button>
          </form>
        </li>`,
      )}
    </ul>
    ${
      choices.length === 0
        ? ''
        : html`<form method="post" action="/people/${person.id}/groups" class="filter">
          ${select({ label: 'One more group', name: 'group', path: 'group', choices })}
          <button class="quiet">Put in</button>
        </form>`
    }`;
}

function passwordForm({ person }: Shown, { part, errors: all }: Outcome): Html {
  const errors = part === 'password' ? all : undefined;
  return html`<form method="post" action="/people/${person.id}/reset-link">
    <p>With a link ${person.username} chooses a new password, which you then do not know.</p>
    <button class="quiet">Make a link to hand over</button>
  </form>
  <form method="post" action="/people/${person.id}/password" class="narrow">
    ${formMessage(errors)}
    ${field({ label: 'New password', name: 'password', path: 'password', type: 'password', autocomplete: 'new-password', required: true, errors, hint: 'Holds at once at every login, and ends all sessions of this person.' })}
    <button>Set the password</button>
  </form>`;
}

function deleteForm({ person }: Shown, { part, errors }: Outcome): Html {
  if (person.ownedContainers > 0) {
    return html`<details>
      <summary>Remove this person</summary>
      <p>${person.username} owns containers. Give them to somebody else, or delete them, first.</p>
    </details>`;
  }
  return html`${part === 'delete' ? formMessage(errors) : ''}
    <details>
      <summary>Remove this person</summary>
      <p>Memberships, keys and tokens go too, and nobody else gets the number ${person.uidNumber} again. To keep
        somebody out who may come back, suspend them instead.</p>
      <form method="post" action="/people/${person.id}/delete"><button class="danger">Remove ${person.username} for good</button></form>
    </details>`;
}
