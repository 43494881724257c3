import { type Security, SecurityService, type Session } from '@berth/proto/api/v1/security_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { momentText } from '../components/moment.ts';
import { type FormErrors, formMessage, type Refusable, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';

/** How one person signs in, for administrators. */
export function personSecurityPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id/security', async (c) => c.html(await page(c, c.req.param('id'))));
  pages.post('/:id/security/end-sessions', async (c) =>
    outcome(c, c.req.param('id'), await refusable(client(c).endUserSessions({ user: c.req.param('id') }))),
  );
  pages.post('/:id/security/reset', async (c) =>
    outcome(c, c.req.param('id'), await refusable(client(c).resetSecondFactors({ user: c.req.param('id') }))),
  );
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(SecurityService, c.get('transport'));
}

async function outcome(c: Context<WebEnv>, id: string, answer: Refusable<unknown>): Promise<Response> {
  if (answer.ok) return c.redirect(`/people/${encodeURIComponent(id)}/security`, 303);
  // Whoever has confirmed that it is him comes back by himself: the proof is his own, on his own page.
  if (answer.errors.reason === 'reauthentication_required') return c.redirect('/account/security/confirm', 303);
  return c.html(await page(c, id, answer.errors), answer.status);
}

async function page(c: Context<WebEnv>, id: string, errors?: FormErrors): Promise<Html> {
  const { security, sessions } = await client(c).getUserSecurity({ user: id });
  if (!security) throw new Error('the API sent nothing about the account');
  const path = `/people/${encodeURIComponent(id)}`;
  const body = html`<p><a href="${path}">Back to the person</a></p>
    <h1>How they sign in</h1>
    ${formMessage(errors)} ${factors(`${path}/security`, security)}
    <h2>Sessions</h2>
    ${sessionList(`${path}/security`, sessions)}`;
  return layout({ title: 'How they sign in', section: 'people', user: c.get('user'), body });
}

function factors(path: string, { totpConfirmedAt, passkeys, recoveryCodesLeft, loginTotp }: Security): Html {
  const any = totpConfirmedAt !== undefined || passkeys.length > 0;
  return html`<dl>
      <dt>One-time codes</dt><dd>${totpConfirmedAt ? html`since ${momentText(totpConfirmedAt)}` : 'none'}</dd>
      <dt>Passkeys</dt><dd>${passkeys.length === 0 ? 'none' : passkeys.map(({ name }) => name).join(', ')}</dd>
      <dt>Recovery codes left</dt><dd>${recoveryCodesLeft}</dd>
      <dt>Logins to containers</dt><dd>${loginTotp ? 'want the code too' : 'want no code'}</dd>
    </dl>
    ${
      any
        ? html`<form method="post" action="${path}/reset">
            <p>For somebody who has lost them: the next sign-in wants the password alone. They are told by mail.</p>
            <button class="danger">Remove their second factors</button>
          </form>`
        : ''
    }`;
}

function sessionList(path: string, sessions: readonly Session[]): Html {
  if (sessions.length === 0) return html`<p>None.</p>`;
  return html`<div class="wide"><table>
      <thead><tr><th scope="col">From</th><th scope="col">With</th><th scope="col">Opened</th><th scope="col">Last used</th></tr></thead>
      <tbody>
        ${sessions.map(
          ({ address, userAgent, createdAt, lastUsedAt }) => html`<tr>
            <th scope="row">${address || 'unknown'}</th><td>${userAgent}</td>
            <td>${momentText(createdAt)}</td><td>${momentText(lastUsedAt)}</td>
          </tr>`,
        )}
      </tbody>
    </table></div>
    <form method="post" action="${path}/end-sessions"><button class="danger">End all of them</button></form>`;
}
