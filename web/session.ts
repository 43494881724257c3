import { AuthService, type User } from '@berth/proto/api/v1/auth_pb.js';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { WebOptions } from './app.ts';

/** What each request carries. */
export interface WebEnv {
  Variables: { options: WebOptions; transport: Transport; user: User };
}

const NAME = 'berth';

/** Whoever looks at a page. */
export interface Visitor {
  /** Session token, empty for nobody. */
  token: string;
  address: string;
  userAgent: string;
}

/** Who sent a request, with a session token or, for calls that need none, without. */
export function visitorOf(c: Context<WebEnv>, token = ''): Visitor {
  return { token, address: addressOf(c), userAgent: c.req.header('user-agent') ?? '' };
}

/** Address of whoever asks; unknown where no socket is behind the request, as in tests. */
function addressOf(c: Context<WebEnv>): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket: { remoteAddress?: string } } };
  const peer = (incoming?.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return c.get('options').clientAddress?.(peer, c.req.header('x-forwarded-for')) ?? peer;
}

/** Sends the session cookie; `__Host-` over TLS, so that no other host or path can set it. */
export function startSession(c: Context<WebEnv>, token: string, expires: Date): void {
  const { secure } = c.get('options');
  setCookie(c, NAME, token, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    expires,
    secure,
    ...(secure ? { prefix: 'host' } : {}),
  });
}

/** Takes the session cookie back. */
export function endSession(c: Context<WebEnv>): void {
  const { secure } = c.get('options');
  deleteCookie(c, secure ? `__Host-${NAME}` : NAME, { path: '/', secure });
}

/** The session token presented, or nothing. */
export function sessionToken(c: Context<WebEnv>): string {
  return getCookie(c, NAME, c.get('options').secure ? 'host' : undefined) ?? '';
}

/** Lets only signed-in people on; others are led to the sign-in page and back. */
export const requireSession: MiddlewareHandler<WebEnv> = async (c, next) => {
  const transport = c.get('options').transportFor(visitorOf(c, sessionToken(c)));
  let user: User | undefined;
  try {
    ({ user } = await createClient(AuthService, transport).whoAmI({}));
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unauthenticated) throw error;
  }
  const { pathname, search } = new URL(c.req.url);
  if (!user) return c.redirect(`/sign-in?next=${encodeURIComponent(pathname + search)}`);
  c.set('transport', transport);
  c.set('user', user);
  await next();
};
