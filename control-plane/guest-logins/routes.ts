/**
 * What guests fetch over HTTPS: the set-up script, their settings and their secrets. Plain text of NAME=VALUE lines
 * both ways, because a guest has a shell and curl and nothing that reads JSON.
 */
import { currentRequestId } from '@berth/proto/contract/log-scope.ts';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppDeps } from '../app/app-deps.ts';
import type { AnonymousCaller } from '../app/caller.ts';
import {
  confirmGuest,
  type GuestSettings,
  redeemSetupToken,
  type ShownSecret,
  syncGuest,
} from '../app/guest-logins/guest-calls.ts';
import type { ClientAddress } from '../client-address.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { setupScript } from './setup-script.ts';

const MAX_BODY = 4_096;

const STATUS: Partial<Record<AppError['code'], ContentfulStatusCode>> = {
  unauthenticated: 401,
  failed_precondition: 409,
  invalid_argument: 400,
};

/** The paths below /guest. @param clientAddress tells who asks from behind a proxy */
function guestRoutes(deps: AppDeps, clientAddress: ClientAddress): Hono {
  const routes = new Hono();
  const script = setupScript();
  routes.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  routes.get('/setup.sh', (c) => c.body(script, 200, { 'content-type': 'text/x-shellscript; charset=utf-8' }));
  routes.post('/redeem', async (c) => {
    const { TOKEN = '' } = await linesOf(c.req.raw);
    return c.text(asLines(await redeemSetupToken(deps, caller(deps, clientAddress, c.env, c.req.raw), TOKEN)));
  });
  routes.post('/sync', async (c) => {
    const said = await linesOf(c.req.raw);
    const from = caller(deps, clientAddress, c.env, c.req.raw);
    return c.text(asLines(await syncGuest(deps, from, shownSecret(said), said.ROTATE === 'now')));
  });
  routes.post('/confirm', async (c) => {
    await confirmGuest(deps, shownSecret(await linesOf(c.req.raw)));
    return c.text('');
  });
  routes.onError((error, c) => {
    if (!(error instanceof AppError)) throw error;
    return c.text(`${error.message}\n`, STATUS[error.code] ?? 500);
  });
  return routes;
}

/** Answers requests, told by the listener where they come from. */
type Fetch = (request: Request, env?: unknown) => Response | Promise<Response>;

/** Puts the guests' paths before the pages, which guard themselves against what is not a browser's. */
export function withGuestRoutes(
  deps: AppDeps,
  clientAddress: ClientAddress,
  pages: { fetch: Fetch },
): { fetch: Fetch } {
  const guests = new Hono().route('/guest', guestRoutes(deps, clientAddress));
  return {
    fetch: (request, env) => {
      const isGuests = new URL(request.url).pathname.startsWith('/guest/');
      return isGuests ? guests.fetch(request, env as object) : pages.fetch(request, env);
    },
  };
}

async function linesOf(request: Request): Promise<Record<string, string>> {
  const text = await bodyOf(request);
  const lines = text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

/** Reads no more than is allowed, whatever the sender says of its length. */
async function bodyOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY) throw new AppError('invalid_argument', { reason: 'too_long', message: 'That is too long.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asLines(settings: GuestSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function shownSecret({ CONTAINER = '', SECRET = '' }: Record<string, string>): ShownSecret {
  return { container: CONTAINER, secret: SECRET };
}

function caller(deps: AppDeps, clientAddress: ClientAddress, env: unknown, request: Request): AnonymousCaller {
  const { incoming } = (env ?? {}) as { incoming?: { socket: { remoteAddress?: string } } };
  const forwardedFor = request.headers.get('x-forwarded-for') ?? undefined;
  return {
    requestId: currentRequestId() ?? newId('req', deps.clock.now()),
    userAgent: request.headers.get('user-agent') ?? '',
    address: clientAddress(incoming?.socket.remoteAddress ?? '', forwardedFor),
    via: 'api',
  };
}
