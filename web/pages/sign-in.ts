import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { IdentityProvidersService } from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { providerButtons } from '../components/provider-buttons.ts';
import { enter } from '../enter.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { endSession, sessionToken, visitorOf, type WebEnv } from '../session.ts';
import { askSecondFactor } from './second-step.ts';

/** Sign-in, sign-out and the first administrator. */
export function signInPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/sign-in', async (c) => {
    const { setupRequired } = await auth(c).getSetupState({});
    return setupRequired ? c.redirect('/setup') : signInPage(c, { next: c.req.query('next') });
  });
  pages.post('/sign-in', async (c) => {
    const form = await c.req.parseBody();
    const username = String(form.username ?? '');
    const next = String(form.next ?? '');
    const answer = await refusable(auth(c).signIn({ username, password: String(form.password ?? '') }));
    if (!answer.ok) return signInPage(c, { next, username, ...answer });
    const { secondFactor } = answer.value;
    return secondFactor ? askSecondFactor(c, secondFactor, next) : enter(c, answer.value, next);
  });
  pages.get('/setup', async (c) => {
    const { setupRequired } = await auth(c).getSetupState({});
    return setupRequired ? c.html(setupForm()) : c.redirect('/sign-in');
  });
  pages.post('/setup', async (c) => {
    const form = await c.req.parseBody();
    const username = String(form.username ?? '');
    const answer = await refusable(
      auth(c).createFirstAdministrator({
        setupCode: String(form.setup_code ?? ''),
        username,
        password: String(form.password ?? ''),
      }),
    );
    return answer.ok ? enter(c, answer.value, '') : c.html(setupForm(username, answer.errors), answer.status);
  });
  pages.post('/sign-out', async (c) => {
    const token = sessionToken(c);
    endSession(c);
    if (token) await createClient(AuthService, c.get('options').transportFor(visitorOf(c, token))).signOut({});
    return c.redirect('/sign-in', 303);
  });
  return pages;
}

/** Presents the session there may be, which ends when another begins. */
function auth(c: Context<WebEnv>) {
  return createClient(AuthService, c.get('options').transportFor(visitorOf(c, sessionToken(c))));
}

interface SignInPage {
  next?: string | undefined;
  username?: string;
  errors?: FormErrors;
  status?: ContentfulStatusCode;
}

/** The page to sign in on: with a password, or with a provider. */
export async function signInPage(c: Context<WebEnv>, options: SignInPage): Promise<Response> {
  const { next, username, errors, status } = options;
  const transport = c.get('options').transportFor(visitorOf(c));
  const { providers } = await createClient(IdentityProvidersService, transport).listSignInProviders({});
  const others = providerButtons(providers, { action: '/sign-in/with', verb: 'Sign in with', ...(next && { next }) });
  if (errors?.retryAfter) c.header('retry-after', errors.retryAfter);
  return c.html(signInForm(others, next, username, errors), status ?? 200);
}

function signInForm(others: Html, next = '', username = '', errors?: FormErrors): Html {
  const body = html`<h1>Sign in</h1>
    <form method="post" action="/sign-in" class="narrow">
      ${formMessage(errors)}
      <input type="hidden" name="next" value="${next}" />
      ${field({ label: 'Login name', name: 'username', path: 'username', value: username, required: true, autocomplete: 'username' })}
      ${field({ label: 'Password', name: 'password', path: 'password', type: 'password', required: true, autocomplete: 'current-password' })}
      <button>Sign in</button>
    </form>
    <p><a href="/forgot-password">Forgotten your password?</a> · <a href="/register">Register</a></p>
    ${others}`;
  return layout({ title: 'Sign in', body });
}

function setupForm(username = '', errors?: FormErrors): Html {
  const body = html`<h1>Welcome to Berth</h1>
    <p>There is no administrator yet. The set-up code stands in the server's log and in its state directory.</p>
    <form method="post" action="/setup" class="narrow">
      ${formMessage(errors)}
      ${field({ label: 'Set-up code', name: 'setup_code', path: 'setup_code', required: true, errors })}
      ${field({ label: 'Login name', name: 'username', path: 'username', value: username, required: true, autocomplete: 'username', errors })}
      ${field({ label: 'Password', name: 'password', path: 'password', type: 'password', hint: 'At least 10 characters.', required: true, autocomplete: 'new-password', errors })}
      <button>Make the administrator</button>
    </form>`;
  return layout({ title: 'Set up', body });
}
