import { Hono } from 'hono';
import { html } from 'hono/html';
import { nameFields, newPasswordField } from '../components/new-account-fields.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { publicSettings, signUpClient } from '../sign-up-client.ts';

/** Asking for an account, and showing an address to be one's own. */
export function registerPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/register', async (c) => {
    const { registrationOpen } = await publicSettings(c);
    return c.html(registrationOpen ? registerForm({}) : closed(), registrationOpen ? 200 : 403);
  });
  pages.post('/register', async (c) => {
    const form = await readForm(c);
    const { username = '', display_name: displayName = '', email = '', password = '' } = form;
    const answer = await refusable(signUpClient(c).register({ username, displayName, email, password }));
    if (!answer.ok) return c.html(registerForm(form, answer.errors), answer.status);
    return c.html(answer.value.mailSent ? checkYourMail(email) : waits());
  });
  // Following the link only shows a button: programs that look into mails follow links, too.
  pages.get('/verify-email/:token', async (c) => {
    c.header('cache-control', 'no-store');
    const link = await signUpClient(c).inspectLink({ token: c.req.param('token') });
    return c.html(verifyForm(link.email, undefined));
  });
  pages.post('/verify-email/:token', async (c) => {
    const { username = '' } = await readForm(c);
    const token = c.req.param('token');
    const answer = await refusable(signUpClient(c).verifyEmail({ token, username }));
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(answer.value.pending ? waits() : verified(answer.value.email));
    const nameTaken = answer.errors.fields.has('username');
    return c.html(verifyForm('', nameTaken ? username : undefined, answer.errors), answer.status);
  });
  return pages;
}

function registerForm(form: Form, errors?: FormErrors): Html {
  const body = html`<h1>Register</h1>
    <form method="post" action="/register" class="narrow">
      ${formMessage(errors)} ${nameFields(form, errors)}
      ${field({ label: 'E-mail address', name: 'email', path: 'email', type: 'email', value: form.email, required: true, autocomplete: 'email', errors })}
      ${newPasswordField(errors)}
      <button>Ask for an account</button>
    </form>
    <p><a href="/sign-in">I have an account</a></p>`;
  return layout({ title: 'Register', body });
}

function closed(): Html {
  const body = html`<h1>Registration is closed</h1>
    <p>Ask an administrator for an invitation.</p>
    <p><a href="/sign-in">Sign in</a></p>`;
  return layout({ title: 'Registration is closed', body });
}

/** What whoever asked for a link is told. */
export function checkYourMail(email: string): Html {
  const body = html`<h1>Check your mail</h1>
    <p role="status">A mail is on its way${email ? html` to <strong>${email}</strong>` : ''}. Follow the link in it; it
      works once, within 24 hours. If none comes in some minutes, look among the unwanted ones, or ask again.</p>
    <p><a href="/sign-in">Back to sign-in</a></p>`;
  return layout({ title: 'Check your mail', body });
}

function waits(): Html {
  const body = html`<h1>Almost there</h1>
    <p role="status">The account is made. An administrator looks at it before it can be used.</p>
    <p><a href="/sign-in">To sign-in</a></p>`;
  return layout({ title: 'Almost there', body });
}

function verified(email: string): Html {
  const body = html`<h1>Confirmed</h1>
    <p role="status">The address <strong>${email}</strong> is confirmed.</p>
    <p><a class="button" href="/sign-in">Sign in</a></p>`;
  return layout({ title: 'Confirmed', body });
}

/** @param username what to show in the field for another login name; undefined: there is no such field */
function verifyForm(email: string, username: string | undefined, errors?: FormErrors): Html {
  const another = () =>
    field({
      label: 'Another login name',
      name: 'username',
      path: 'username',
      value: username,
      required: true,
      autocomplete: 'username',
      errors,
    });
  const button = html`<button>Confirm the address</button>`;
  const body = html`<h1>Confirm your address</h1>
    <form method="post" class="narrow">
      ${formMessage(errors)} ${email ? html`<p>Is <strong>${email}</strong> your address?</p>` : ''}
      ${username === undefined ? '' : another()} ${errors?.fields.has('token') ? '' : button}
    </form>`;
  return layout({ title: 'Confirm your address', body });
}
