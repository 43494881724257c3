import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { nameFields, newPasswordField } from '../components/new-account-fields.ts';
import { type FormErrors, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { type Form, readForm } from '../read-form.ts';
import { startSession, type WebEnv } from '../session.ts';
import { publicSettings, signUpClient } from '../sign-up-client.ts';

/** Accepting an invitation. */
export function invitationPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/invitation/:token', async (c) => {
    c.header('cache-control', 'no-store');
    const { publicName } = await publicSettings(c);
    const { email, username, displayName } = await signUpClient(c).inspectLink({ token: c.req.param('token') });
    return c.html(acceptForm(publicName, { email, username, display_name: displayName }));
  });
  pages.post('/invitation/:token', async (c) => {
    c.header('cache-control', 'no-store');
    const form = await readForm(c);
    const { username = '', display_name: displayName = '', password = '' } = form;
    const request = { token: c.req.param('token'), username, displayName, password };
    const answer = await refusable(signUpClient(c).acceptInvitation(request));
    const { publicName } = await publicSettings(c);
    if (!answer.ok) return c.html(acceptForm(publicName, form, answer.errors), answer.status);
    const { token, expiresAt } = answer.value;
    if (expiresAt) startSession(c, token, timestampDate(expiresAt));
    return c.redirect('/containers', 303);
  });
  return pages;
}

function acceptForm(publicName: string, form: Form, errors?: FormErrors): Html {
  const body = html`<h1>Welcome to ${publicName}</h1>
    <p>You are invited${form.email ? html` as <strong>${form.email}</strong>` : ''}. Choose how you sign in here, and
      log in to containers.</p>
    <form method="post" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="email" value="${form.email ?? ''}" />
      ${nameFields(form, errors)} ${newPasswordField(errors)}
      <button>Make the account</button>
    </form>`;
  return layout({ title: `Welcome to ${publicName}`, body });
}
