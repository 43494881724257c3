/** One's own account: second factors and sessions. What changes them wants a fresh proof, asked for on a page of its own. */
import { SecurityService } from '@berth/proto/api/v1/security_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { accountTabs } from '../components/account-tabs.ts';
import { passkeyForm } from '../components/passkey-form.ts';
import { qrCode } from '../components/qr-code.ts';
import { type FormErrors, field, formMessage, type Refusable, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import { readForm } from '../read-form.ts';
import type { WebEnv } from '../session.ts';
import { confirmPages } from './confirm.ts';
import { securityOverview } from './security-overview.ts';

const PATH = '/account/security';

/** The pages. */
export function securityPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/', async (c) => c.html(await overview(c)));
  pages.route('/confirm', confirmPages(PATH));
  totpPages(pages);
  passkeyPages(pages);
  pages.post('/recovery-codes', async (c) =>
    outcome(c, await refusable(client(c).createRecoveryCodes({})), ({ recoveryCodes }) => codesPage(c, recoveryCodes)),
  );
  pages.post('/sessions/end-others', async (c) => outcome(c, await refusable(client(c).endOtherSessions({}))));
  pages.post('/sessions/:id/end', async (c) =>
    outcome(c, await refusable(client(c).endOwnSession({ session: c.req.param('id') }))),
  );
  return pages;
}

function totpPages(pages: Hono<WebEnv>): void {
  pages.post('/totp', async (c) => outcome(c, await refusable(client(c).beginTotp({})), (made) => totpPage(c, made)));
  pages.post('/totp/confirm', async (c) => {
    const { code = '' } = await readForm(c);
    const answer = await refusable(client(c).confirmTotp({ code }));
    if (!answer.ok && answer.errors.fields.has('code')) return show(c, totpPage(c, undefined, answer.errors), 400);
    return outcome(c, answer, ({ recoveryCodes }) => codesPage(c, recoveryCodes));
  });
  pages.post('/totp/remove', async (c) => outcome(c, await refusable(client(c).removeTotp({}))));
  pages.post('/totp/logins', async (c) => {
    const { enabled } = await readForm(c);
    return outcome(c, await refusable(client(c).setLoginTotp({ enabled: enabled === 'yes' })));
  });
}

function passkeyPages(pages: Hono<WebEnv>): void {
  pages.post('/passkeys', async (c) =>
    outcome(c, await refusable(client(c).beginPasskey({})), (begun) => passkeyPage(c, begun)),
  );
  pages.post('/passkeys/add', async (c) => {
    const { pending = '', passkey_response: passkeyResponse = '', name = '' } = await readForm(c);
    const answer = await refusable(client(c).addPasskey({ pendingToken: pending, passkeyResponse, name }));
    return outcome(c, answer, ({ recoveryCodes }) => codesPage(c, recoveryCodes));
  });
  pages.post('/passkeys/:id/rename', async (c) => {
    const { name = '' } = await readForm(c);
    return outcome(c, await refusable(client(c).renamePasskey({ passkey: c.req.param('id'), name })));
  });
  pages.post('/passkeys/:id/remove', async (c) =>
    outcome(c, await refusable(client(c).removePasskey({ passkey: c.req.param('id') }))),
  );
}

function client(c: Context<WebEnv>) {
  return createClient(SecurityService, c.get('transport'));
}

/** Goes on after a form: to what is shown once, back to the overview, to the page that asks for a proof. */
async function outcome<T>(
  c: Context<WebEnv>,
  answer: Refusable<T>,
  page?: (value: T) => Html | undefined,
): Promise<Response> {
  if (answer.ok) {
    const shown = page?.(answer.value);
    return shown ? show(c, shown) : c.redirect(PATH, 303);
  }
  if (answer.errors.reason === 'reauthentication_required') return c.redirect(`${PATH}/confirm`, 303);
  return c.html(await overview(c, answer.errors), answer.status);
}

/** What is shown once must not stay in a cache. */
async function show(c: Context<WebEnv>, page: Html, status: 200 | 400 = 200): Promise<Response> {
  c.header('cache-control', 'no-store');
  return c.html(page, status);
}

async function overview(c: Context<WebEnv>, errors?: FormErrors): Promise<Html> {
  const [{ security }, { sessions }] = await Promise.all([client(c).getOwnSecurity({}), client(c).listOwnSessions({})]);
  if (!security) throw new Error('the API sent nothing about the account');
  return frame(c, html`${formMessage(errors)} ${securityOverview(PATH, security, sessions)}`);
}

function totpPage(c: Context<WebEnv>, made: { secret: string; uri: string } | undefined, errors?: FormErrors): Html {
  const scan = made
    ? html`<p>Scan this with an authenticator program, or type the key into it:</p>
        ${qrCode(made.uri, 'The key as a QR code')}
        <p class="command"><code>${made.secret}</code></p>`
    : html`<p>The key is the one that you scanned.</p>`;
  const body = html`<h2>One-time codes</h2>
    ${formMessage(errors)} ${scan}
    <form method="post" action="${PATH}/totp/confirm" class="narrow">
      ${field({ label: 'Code', name: 'code', path: 'code', required: true, autocomplete: 'one-time-code', hint: 'The six digits it shows now.', errors })}
      <button>Set up</button>
    </form>
    <p><a href="${PATH}">Leave it</a></p>`;
  return frame(c, body);
}

function passkeyPage(c: Context<WebEnv>, begun: { pendingToken: string; passkeyOptions: string }): Html {
  const fields = html`<input type="hidden" name="pending" value="${begun.pendingToken}" />
    ${field({ label: 'Name', name: 'name', path: 'name', required: true, value: 'Passkey', hint: 'To know it by, e.g. the device it is on.' })}`;
  const button = 'Register';
  const body = html`<h2>New passkey</h2>
    <noscript><p>Passkeys want scripts, which your browser does not run here.</p></noscript>
    ${passkeyForm({ act: 'create', action: `${PATH}/passkeys/add`, options: begun.passkeyOptions, button, fields })}
    <p><a href="${PATH}">Leave it</a></p>`;
  return frame(c, body);
}

/** Undefined when there are none to be shown. */
function codesPage(c: Context<WebEnv>, codes: readonly string[]): Html | undefined {
  if (codes.length === 0) return undefined;
  const body = html`<section role="status" aria-labelledby="codes">
      <h2 id="codes">Your recovery codes</h2>
      <p>Each of them lets you in once, should you lose your second factor. They are not shown again: keep them on paper
        or where you keep passwords.</p>
      <ol class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
    </section>
    <p><a class="button" href="${PATH}">I have kept them</a></p>`;
  return frame(c, body);
}

function frame(c: Context<WebEnv>, body: Html): Html {
  const whole = html`<h1>Security</h1>
    ${accountTabs('security')} ${body}`;
  return layout({ title: 'Security', section: 'account', user: c.get('user'), body: whole, script: 'passkey.js' });
}
