import { Hono } from 'hono';
import { html } from 'hono/html';
import { newPasswordField } from '../components/new-account-fields.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { publicSettings, signUpClient } from '../sign-up-client.ts';

/** A new password for who has forgotten his. */
export function forgotPasswordPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/forgot-password', async (c) => {
    const { mailAvailable } = await publicSettings(c);
    return c.html(mailAvailable ? askForm('') : noMail());
  });
  pages.post('/forgot-password', async (c) => {
    const { login = '' } = await readForm(c);
    const answer = await refusable(signUpClient(c).requestPasswordReset({ login }));
    return answer.ok ? c.html(asked()) : c.html(askForm(login, answer.errors), answer.status);
  });
  pages.get('/reset-password/:token', async (c) => {
    c.header('cache-control', 'no-store');
    const { username } = await signUpClient(c).inspectLink({ token: c.req.param('token') });
    return c.html(resetForm(username));
  });
  pages.post('/reset-password/:token', async (c) => {
    c.header('cache-control', 'no-store');
    const { username = '', password = '' } = await readForm(c);
    const answer = await refusable(signUpClient(c).resetPassword({ token: c.req.param('token'), password }));
    if (!answer.ok) return c.html(resetForm(username, answer.errors), answer.status);
    return c.html(done(answer.value.username));
  });
  return pages;
}

function askForm(login: string, errors?: FormErrors): Html {
  const body = html`<h1>Forgotten your password?</h1>
    <p>Get a link by mail with which you choose a new one.</p>
    <form method="post" action="/forgot-password" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Login name or e-mail address', name: 'login', path: 'login', value: login, required: true, autocomplete: 'username', errors })}
      <button>Send the link</button>
    </form>
    <p><a href="/sign-in">Back to sign-in</a></p>`;
  return layout({ title: 'Forgotten your password?', body });
}

function noMail(): Html {
  const body = html`<h1>Forgotten your password?</h1>
    <p>Mail is not set up here, so no link can be sent. Ask an administrator for a new password.</p>
    <p><a href="/sign-in">Back to sign-in</a></p>`;
  return layout({ title: 'Forgotten your password?', body });
}

function asked(): Html {
  const body = html`<h1>Check your mail</h1>
    <p role="status">If there is such an account and its address is confirmed, a mail with a link is on its way. The
      link works once, within an hour.</p>
    <p><a href="/sign-in">Back to sign-in</a></p>`;
  return layout({ title: 'Check your mail', body });
}

function resetForm(username: string, errors?: FormErrors): Html {
  const body = html`<h1>A new password</h1>
    <form method="post" class="narrow">
      ${formMessage(errors)}
      <p>For <strong>${username}</strong>. Every session ends by it, also where you are signed in now.</p>
      <input type="hidden" name="username" value="${username}" autocomplete="username" />
      ${newPasswordField(errors)}
      <button>Set the password</button>
    </form>`;
  return layout({ title: 'A new password', body });
}

function done(username: string): Html {
  const body = html`<h1>The new password holds</h1>
    <p role="status">It holds for <strong>${username}</strong> from now on, also for logins in containers. Every
      session has ended.</p>
    <p><a class="button" href="/sign-in">Sign in</a></p>`;
  return layout({ title: 'The new password holds', body });
}
