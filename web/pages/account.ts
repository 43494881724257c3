import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import type { Person } from '@berth/proto/api/v1/people_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { accountTabs } from '../components/account-tabs.ts';
import { momentText } from '../components/moment.ts';
import { sshKeys } from '../components/ssh-keys.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** What to say when something was done, by the word in the page's address. */
const DONE: Record<string, string> = {
  profile: 'Saved.',
  verification: 'A link went to your address; follow it to confirm that it is yours.',
  password: 'The new password holds from now on, also where you log in; your other sessions have ended.',
};

/** What a form came to; `part` is the form's. */
interface Outcome {
  part?: 'profile' | 'password' | 'verify';
  form?: Form;
  errors?: FormErrors;
}

/** One's own account: profile and password, and SSH keys. */
export function accountPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await profilePage(c, {})));
  pages.post('/', async (c) => {
    const form = await readForm(c);
    const { display_name: displayName = '', email = '', shell = '', current_password: currentPassword = '' } = form;
    const paths = ['display_name', 'email', 'shell'];
    const request = { user: { displayName, email, shell }, updateMask: { paths }, currentPassword };
    const answer = await refusable(client(c).updateProfile(request));
    if (!answer.ok)
      return c.html(await profilePage(c, { part: 'profile', form, errors: answer.errors }), answer.status);
    return c.redirect(`/account?done=${answer.value.verificationSent ? 'verification' : 'profile'}`, 303);
  });
  pages.post('/verify', async (c) => {
    const answer = await refusable(client(c).sendEmailVerification({}));
    if (answer.ok) return c.redirect('/account?done=verification', 303);
    return c.html(await profilePage(c, { part: 'verify', errors: answer.errors }), answer.status);
  });
  pages.post('/password', async (c) => {
    const form = await readForm(c);
    const { present_password: currentPassword = '', new_password: newPassword = '' } = form;
    const answer = await refusable(client(c).changePassword({ currentPassword, newPassword }));
    if (!answer.ok)
      return c.html(await profilePage(c, { part: 'password', form, errors: answer.errors }), answer.status);
    return c.redirect('/account?done=password', 303);
  });
  pages.get('/keys', async (c) => c.html(await keysPage(c)));
  pages.post('/keys', async (c) => {
    const form = await readForm(c);
    const key = { publicKey: form.public_key ?? '', name: form.key_name ?? '' };
    const answer = await refusable(client(c).addSshKey({ key }));
    return answer.ok ? c.redirect('/account/keys', 303) : c.html(await keysPage(c, form, answer.errors), answer.status);
  });
  pages.post('/keys/:key/delete', async (c) => {
    await client(c).deleteSshKey({ key: c.req.param('key') });
    return c.redirect('/account/keys', 303);
  });
  return pages;
}

const client = (c: Context<WebEnv>) => createClient(AccountService, c.get('transport'));

async function profilePage(c: Context<WebEnv>, outcome: Outcome): Promise<Html> {
  const { user } = await client(c).getProfile({});
  if (!user) throw new Error('the API sent no profile');
  const done = DONE[c.req.query('done') ?? ''];
  const body = html`<h1 class="long">${user.displayName || user.username}</h1>
    ${accountTabs('profile')}
    ${done ? html`<p role="status" class="done">${done}</p>` : ''}
    <dl>
      <dt>Login name</dt><dd><code>${user.username}</code></dd>
      <dt>Number in containers</dt><dd>${user.uidNumber}</dd>
      <dt>Groups</dt><dd class="long">${user.groups.join(', ') || 'none but ldapusers'}</dd>
    </dl>
    ${profileForm(user, outcome)}
    ${user.email === '' || user.emailVerified ? '' : verifyForm(user, outcome)}
    <h2>Password</h2>
    ${passwordForm(user, outcome)}`;
  return layout({ title: 'Your account', section: 'account', user: c.get('user'), body });
}

function profileForm(user: Person, { part, form, errors: found }: Outcome): Html {
  const errors = part === 'profile' ? found : undefined;
  const values = errors && form ? form : { display_name: user.displayName, email: user.email, shell: user.shell };
  return html`<form method="post" action="/account" class="narrow">
    ${formMessage(errors)}
    ${field({ label: 'Name', name: 'display_name', path: 'user.display_name', value: values.display_name, autocomplete: 'name', errors, hint: 'As others see it.' })}
    ${field({ label: 'E-mail address', name: 'email', path: 'user.email', type: 'email', value: values.email, autocomplete: 'email', errors, hint: user.email === '' || user.emailVerified ? '' : 'Not confirmed yet.' })}
    ${user.hasPassword ? field({ label: 'Present password', name: 'current_password', path: 'current_password', type: 'password', autocomplete: 'current-password', errors, hint: 'Only to change the address: whoever reads its mail can set a new password.' }) : ''}
    ${field({ label: 'Shell', name: 'shell', path: 'user.shell', value: values.shell, errors, hint: 'In containers, e.g. /bin/bash.' })}
    <button>Save</button>
  </form>`;
}

function verifyForm({ email }: Person, { part, errors }: Outcome): Html {
  return html`<form method="post" action="/account/verify">
    ${part === 'verify' ? formMessage(errors) : ''}
    <p class="long">Whether ${email} is yours is not known yet, so no link for a new password goes there.</p>
    <button class="quiet">Send a link to confirm it</button>
  </form>`;
}

function passwordForm(user: Person, { part, errors: found }: Outcome): Html {
  const errors = part === 'password' ? found : undefined;
  const present = field({
    ...{ label: 'Present password', name: 'present_password', path: 'current_password', type: 'password' },
    ...{ autocomplete: 'current-password', required: true, errors },
  });
  return html`${passwordState(user)}
  <form method="post" action="/account/password" class="narrow">
    ${formMessage(errors)}
    <input type="hidden" name="username" value="${user.username}" autocomplete="username" />
    ${user.hasPassword ? present : ''}
    ${field({ label: 'New password', name: 'new_password', path: 'new_password', type: 'password', autocomplete: 'new-password', required: true, errors, hint: 'At least 10 characters. Holds at once, also where you log in; your other sessions end.' })}
    <button>Change the password</button>
  </form>`;
}

function passwordState({ hasPassword, passwordChangedAt }: Person): Html {
  if (!hasPassword) return html`<p>You have none yet; without one no password lets you in to containers.</p>`;
  return passwordChangedAt ? html`<p>Set ${momentText(passwordChangedAt)}.</p>` : html``;
}

async function keysPage(c: Context<WebEnv>, form?: Form, errors?: FormErrors): Promise<Html> {
  const { keys } = await client(c).listSshKeys({});
  const body = html`<h1>SSH keys</h1>
    ${accountTabs('keys')}
    <p>Each of them opens every container you may log in to, from the next login on.</p>
    ${sshKeys({ keys, path: '/account/keys', form, errors })}`;
  return layout({ title: 'SSH keys', section: 'account', user: c.get('user'), body });
}
