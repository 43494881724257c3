import { IdentityProvidersService } from '@berth/proto/api/v1/oidc_pb.js';
import { createClient } from '@connectrpc/connect';
import { type Context, Hono } from 'hono';
import { enter, isLocalPath } from '../enter.ts';
import { refusable } from '../form-errors.ts';
import { sendToProvider, takeBrowserToken } from '../journey.ts';
import { sessionToken, visitorOf, type WebEnv } from '../session.ts';
import { askSecondFactor } from './second-step.ts';
import { signInPage } from './sign-in.ts';

/** Sign-in with a provider: off to it, and back from it. */
export function providerSignInPages(): Hono<WebEnv> {
  const pages = new Hono<WebEnv>();
  pages.post('/sign-in/with/:name', async (c) => {
    const { next } = await c.req.parseBody();
    const path = isLocalPath(String(next)) ? String(next) : '';
    const answer = await refusable(client(c).beginOidcSignIn({ provider: c.req.param('name'), next: path }));
    if (answer.ok && answer.value.journey) return sendToProvider(c, answer.value.journey);
    return signInPage(c, { next: path, ...(!answer.ok && answer) });
  });
  pages.get('/sign-in/with/:name/back', async (c) => {
    const browserToken = takeBrowserToken(c, c.req.query('state') ?? '');
    const query = new URL(c.req.url).search.slice(1);
    c.header('cache-control', 'no-store');
    // A browser that kept nothing presents something that fits no journey, and is told so.
    const request = { provider: c.req.param('name'), query, browserToken: browserToken || 'A'.repeat(43) };
    const answer = await refusable(client(c).completeOidcSignIn(request));
    if (!answer.ok) return signInPage(c, answer);
    const { outcome, next } = answer.value;
    if (outcome.case === 'signedIn') return enter(c, outcome.value, next);
    if (outcome.case === 'secondFactor') return askSecondFactor(c, outcome.value, next);
    return c.redirect(next, 303);
  });
  return pages;
}

function client(c: Context<WebEnv>) {
  return createClient(IdentityProvidersService, c.get('options').transportFor(visitorOf(c, sessionToken(c))));
}
