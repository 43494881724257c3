import { type ReauthenticateRequest, SecurityService } from '@berth/proto/api/v1/security_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { passkeyForm } from '../components/passkey-form.ts';
import { type FormErrors, field, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';

/** Asks once more who is there. @param back where to go on to */
export function confirmPages(back: string): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await page(c, back)));
  pages.post('/', async (c) => {
    const { password = '', code = '', pending = '', passkey_response: passkeyResponse = '' } = await readForm(c);
    const answer = await refusable(
      client(c).reauthenticate({ password, code, pendingToken: pending, passkeyResponse }),
    );
    if (answer.ok) return c.redirect(back, 303);
    if (answer.errors.retryAfter) c.header('retry-after', answer.errors.retryAfter);
    return c.html(await page(c, back, answer.errors), answer.status);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(SecurityService, c.get('transport'));
}

async function page(c: Context<WebEnv>, back: string, errors?: FormErrors): Promise<Html> {
  const { security } = await client(c).getOwnSecurity({});
  const usable = security?.passkeysAvailable && security.passkeys.length > 0;
  const action = `${back}/confirm`;
  const body = html`<h1>Confirm that it is you</h1>
    ${formMessage(errors)}
    ${usable ? passkey(action, await client(c).beginPasskeyProof({})) : ''}
    ${security?.hasPassword ? one(action, 'password', { label: 'Password', autocomplete: 'current-password', errors }) : ''}
    ${security?.totpConfirmedAt ? one(action, 'code', { label: 'Code', autocomplete: 'one-time-code', errors }) : ''}
    <p>Or sign out and in again. <a href="${back}">Back</a></p>`;
  return layout({ title: 'Confirm', section: 'account', user: c.get('user'), body, script: 'passkey.js' });
}

function passkey(
  action: string,
  begun: Pick<ReauthenticateRequest, 'pendingToken'> & { passkeyOptions: string },
): Html {
  const fields = html`<input type="hidden" name="pending" value="${begun.pendingToken}" />`;
  return passkeyForm({ act: 'get', action, options: begun.passkeyOptions, button: 'Use a passkey', fields });
}

function one(
  action: string,
  name: 'password' | 'code',
  rest: { label: string; autocomplete: string; errors: FormErrors | undefined },
): Html {
  const type = name === 'password' ? 'password' : 'text';
  return html`<form method="post" action="${action}" class="narrow">
    ${field({ ...rest, name, path: name, type, required: true })}
    <button>Confirm</button>
  </form>`;
}
