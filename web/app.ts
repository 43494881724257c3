/**
 * The pages. They are a client of the API like any other, in process: every page and form calls it with the session
 * token of whoever looks, so that there is one way in, authorised and validated in one place. Everything works
 * without scripts; `assets/live.js` only replaces the parts of a page that change while somebody watches.
 */
import type { Transport } from '@connectrpc/connect';
import { Hono, type MiddlewareHandler } from 'hono';
import { csrf } from 'hono/csrf';
import { routePath } from 'hono/route';
import { assetRoutes } from './assets.ts';
import { errorPage } from './error-page.ts';
import { accessPages } from './pages/access.ts';
import { accountPages } from './pages/account.ts';
import { acmeAccountPages } from './pages/acme-accounts.ts';
import { agentPages } from './pages/agents.ts';
import { appSignInPages } from './pages/app-sign-in.ts';
import { appsPages } from './pages/apps.ts';
import { auditPages } from './pages/audit.ts';
import { containerPages } from './pages/containers.ts';
import { dnsProviderPages } from './pages/dns-providers.ts';
import { domainPages } from './pages/domain.ts';
import { domainsPages } from './pages/domains.ts';
import { forgotPasswordPages } from './pages/forgot-password.ts';
import { groupPages } from './pages/groups.ts';
import { guestLoginsPages } from './pages/guest-logins.ts';
import { identityPages } from './pages/identities.ts';
import { invitationPages } from './pages/invitation.ts';
import { invitationsPages } from './pages/invitations.ts';
import { memberPages } from './pages/members.ts';
import { newContainerPages } from './pages/new-container.ts';
import { peoplePages } from './pages/people.ts';
import { personPages } from './pages/person.ts';
import { personSecurityPages } from './pages/person-security.ts';
import { providerSignInPages } from './pages/provider-sign-in.ts';
import { providerPages } from './pages/providers.ts';
import { registerPages } from './pages/register.ts';
import { secondStepPages } from './pages/second-step.ts';
import { securityPages } from './pages/security.ts';
import { servicePages } from './pages/services.ts';
import { settingsPages } from './pages/settings.ts';
import { signInPages } from './pages/sign-in.ts';
import { siteIngressPages } from './pages/site-ingress.ts';
import { sitePages } from './pages/sites.ts';
import { tokenPages } from './pages/tokens.ts';
import { securityHeaders } from './security-headers.ts';
import { requireSession, type Visitor, type WebEnv } from './session.ts';

export interface WebOptions {
  /** A connection to the API in the name of a visitor. */
  transportFor(visitor: Visitor): Transport;
  /** Where a request comes from, given its peer and its X-Forwarded-For; the peer without. */
  clientAddress?: (peer: string, forwardedFor: string | undefined) => string;
  /** Whether the pages are served over TLS; decides the cookie's name and flags. */
  secure: boolean;
}

/** Builds the pages as a Hono app. */
export function createWeb(options: WebOptions): Hono<WebEnv> {
  const app = new Hono<WebEnv>();
  app.use(noteVisit);
  app.use(securityHeaders);
  app.use(csrf());
  app.use(async (c, next) => {
    c.set('options', options);
    await next();
  });
  app.route('/assets', assetRoutes());
  app.route('/', signInPages());
  app.route('/', providerSignInPages());
  app.route('/', secondStepPages());
  app.route('/', registerPages());
  app.route('/', forgotPasswordPages());
  app.route('/', invitationPages());
  app.use(requireSession);
  app.get('/', (c) => c.redirect('/containers'));
  app.route('/containers/new', newContainerPages());
  app.route('/containers', containerPages());
  app.route('/containers', guestLoginsPages());
  app.route('/containers', memberPages());
  app.route('/containers', servicePages());
  app.route('/app-sign-in', appSignInPages());
  app.route('/access', accessPages());
  app.route('/audit', auditPages());
  app.route('/domains', domainsPages());
  app.route('/domains', domainPages());
  app.route('/acme-accounts', acmeAccountPages());
  app.route('/sites', sitePages());
  app.route('/sites', siteIngressPages());
  app.route('/agents', agentPages());
  app.route('/dns-providers', dnsProviderPages());
  app.route('/settings', settingsPages());
  app.route('/people/invitations', invitationsPages());
  app.route('/people', peoplePages());
  app.route('/people', personPages());
  app.route('/people', personSecurityPages());
  app.route('/groups', groupPages());
  app.route('/account', accountPages());
  app.route('/account/security', securityPages());
  app.route('/account/apps', appsPages());
  app.route('/account/tokens', tokenPages());
  app.route('/account/identities', identityPages());
  app.route('/providers', providerPages());
  app.notFound((c) => errorPage(c, 404, 'There is no such page.'));
  app.onError((error, c) => errorPage(c, error));
  return app;
}

/** Tells whoever serves the pages which of them was asked for, and by whom. */
const noteVisit: MiddlewareHandler<WebEnv> = async (c, next) => {
  await next();
  // The pattern of whoever answered; where that is no page's, what stands before all pages did.
  const route = routePath(c);
  const { visit } = (c.env ?? {}) as { visit?: { route: string; userId: string | undefined } };
  if (visit) Object.assign(visit, { route: route === '/*' ? 'none' : route, userId: c.get('user')?.id });
};
