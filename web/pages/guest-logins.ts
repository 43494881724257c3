import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import {
  type GuestLogins,
  GuestLoginsService,
  LoginService,
  type SetupCommand,
} from '@berth/proto/api/v1/guest_logins_pb.js';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { type FormErrors, formMessage, refusable } from '../form-errors.ts';
import { type Html, layout } from '../layout.ts';
import type { WebEnv } from '../session.ts';

/** What a form came to. */
interface Outcome {
  setup?: SetupCommand | undefined;
  errors?: FormErrors;
}

const SERVICES: Record<string, LoginService> = { sssd: LoginService.SSSD, nslcd: LoginService.NSLCD };

/** How logins work in one container, and the command that sets them up. */
export function guestLoginsPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.get('/:id/logins', async (c) => c.html(await page(c, c.req.param('id'), {})));
  pages.post('/:id/logins/:verb{command|revoke}', async (c) => {
    const form = await c.req.parseBody();
    const container = c.req.param('id');
    const request = { container, loginService: SERVICES[String(form.service)] ?? LoginService.UNSPECIFIED };
    const client = createClient(GuestLoginsService, c.get('transport'));
    const revoke = c.req.param('verb') === 'revoke';
    const answer = await refusable<{ setup?: SetupCommand }>(
      revoke ? client.rotateBindSecret(request) : client.createSetupCommand(request),
    );
    // The command is in this answer alone, so it must not stay in a cache.
    c.header('cache-control', 'no-store');
    if (answer.ok) return c.html(await page(c, container, { setup: answer.value.setup }));
    return c.html(await page(c, container, { errors: answer.errors }), answer.status);
  });
  return pages;
}

async function page(c: Context<WebEnv>, id: string, outcome: Outcome): Promise<Html> {
  const transport = c.get('transport');
  const [{ container }, { logins }] = await Promise.all([
    createClient(ContainersService, transport).getContainer({ container: id }),
    createClient(GuestLoginsService, transport).getGuestLogins({ container: id }),
  ]);
  const hostname = container?.hostname ?? id;
  const body = html`<p><a href="/containers/${id}">${hostname}</a></p>
    <h1>Logins in ${hostname}</h1>
    <p>Its owner, its maintainers and its users log in with their own names, keys and passwords; maintainers and the
      owner may use sudo. The container asks at each login, so what changes here holds at the next one.</p>
    ${outcome.setup ? shownCommand(outcome.setup) : ''} ${formMessage(outcome.errors)}
    ${logins?.offered ? offered(id, logins) : html`<p>This installation offers no directory to containers.</p>`}`;
  return layout({ title: `Logins in ${hostname}`, section: 'containers', user: c.get('user'), body });
}

function shownCommand({ command, caSha256, expiresAt }: SetupCommand): Html {
  return html`<section role="status" aria-labelledby="command">
    <h2 id="command">Run this in the container, as root</h2>
    <pre class="command"><code>${command}</code></pre>
    <p>It works once, until ${expiresAt ? timestampDate(expiresAt).toISOString() : ''}, and is not shown again. It
      carries the certificate of Berth's authority, whose SHA-256 is <code>${caSha256}</code>; it needs curl.</p>
  </section>`;
}

function offered(id: string, logins: GuestLogins): Html {
  return html`<dl>
      <dt>Directory</dt><dd>${logins.ldapUris.map((uri) => html`<code>${uri}</code> `)}</dd>
      <dt>Asks as</dt><dd><code>${logins.bindDn}</code></dd>
      <dt>Its secret</dt><dd>${timeOf(logins.secretChangedAt, 'changed', 'has none yet')}</dd>
      <dt>Asked last</dt><dd>${timeOf(logins.lastUsedAt, '', 'not yet')}</dd>
    </dl>
    <h2>Set up logins</h2>
    <p>A container made from a template that is prepared for Berth does this itself at its first boot. For any other,
      get a command and run it inside; it can be run again at any time.</p>
    <form method="post" action="/containers/${id}/logins/command">
      <div class="field">
        <label for="service">What answers for names and passwords inside</label>
        <select id="service" name="service">
          <option value="">what suits its distribution</option>
          <option value="sssd">SSSD (Debian, Ubuntu, RHEL and its likes)</option>
          <option value="nslcd">nslcd (Debian, Ubuntu, Alpine)</option>
        </select>
      </div>
      <button>Get a command</button>
    </form>
    <h2>Make its secret worthless</h2>
    <p>If somebody else may know what the container asks with: nothing it holds works any more from now on, and nobody
      logs in until the command you get has run inside.</p>
    <form method="post" action="/containers/${id}/logins/revoke">
      <button class="danger">Make it worthless and get a command</button>
    </form>`;
}

function timeOf(time: Timestamp | undefined, word: string, otherwise: string): Html {
  if (!time) return html`${otherwise}`;
  const text = timestampDate(time).toISOString();
  return html`${word} <time datetime="${text}">${text}</time>`;
}
