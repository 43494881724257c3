/**
 * What programs that look after this replica ask: `/livez` (does it turn), `/readyz` (may it be given work) and
 * `/metrics`. The first two answer everybody with yes or no; why, and all figures, are for administrators.
 */
import { currentRequestId } from '@berth/proto/contract/log-scope.ts';
import { callerOfToken } from './api/authenticate.ts';
import { bearerToken, signInFirst } from './api/caller-context.ts';
import type { AppDeps } from './app/app-deps.ts';
import { authoriseBy } from './app/caller.ts';
import { METRICS_RULE } from './auth/policy.ts';
import type { ClientAddress } from './client-address.ts';
import { AppError } from './errors.ts';
import type { Logger } from './log.ts';
import type { MetricsPart } from './metrics/metrics.ts';
import type { ReadinessProbe } from './readiness.ts';

/** Answers requests, told by the listener where they come from. */
type Fetch = (request: Request, env?: unknown) => Response | Promise<Response>;

export interface OperationalDeps {
  app: Pick<AppDeps, 'store' | 'clock'>;
  log: Logger;
  clientAddress: ClientAddress;
  readiness: ReadinessProbe;
  metrics: { text(part: MetricsPart): Promise<string> };
}

const STATUS: Partial<Record<AppError['code'], number>> = { unauthenticated: 401, permission_denied: 403 };
const PARTS: readonly MetricsPart[] = ['replica', 'store', 'all'];

/** Puts these paths before the pages. */
export function withOperationalRoutes(deps: OperationalDeps, pages: { fetch: Fetch }): { fetch: Fetch } {
  return {
    fetch(request, env) {
      const { pathname, searchParams } = new URL(request.url);
      const reads = request.method === 'GET' || request.method === 'HEAD';
      if (reads && pathname === '/livez') return plain(200, 'alive\n');
      if (reads && pathname === '/readyz') return readyz(deps, request, env);
      if (reads && pathname === '/metrics') return metrics(deps, request, env, searchParams.get('part') ?? 'all');
      return pages.fetch(request, env);
    },
  };
}

async function readyz(deps: OperationalDeps, request: Request, env: unknown): Promise<Response> {
  const { ready, checks } = await deps.readiness.look();
  const status = ready ? 200 : 503;
  const known = request.headers.has('authorization') && (await refusal(deps, request, env)) === undefined;
  return known ? Response.json({ ready, checks }, { status, headers: NOT_KEPT }) : plain(status, YES_OR_NO[`${ready}`]);
}

const NOT_KEPT = { 'cache-control': 'no-store' };
const YES_OR_NO = { true: 'ready\n', false: 'not ready\n' };

async function metrics(deps: OperationalDeps, request: Request, env: unknown, part: string): Promise<Response> {
  const refused = await refusal(deps, request, env);
  if (refused) return refused;
  const wanted = PARTS.find((one) => one === part);
  if (!wanted) return plain(400, `part: must be one of ${PARTS.join(', ')}\n`);
  const text = await deps.metrics.text(wanted);
  return new Response(text, {
    headers: { ...NOT_KEPT, 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
}

/** What is answered to those who are no administrators; undefined for those who are. */
async function refusal(deps: OperationalDeps, request: Request, env: unknown): Promise<Response | undefined> {
  try {
    const token = bearerToken(request.headers.get('authorization'));
    if (token === undefined) throw signInFirst();
    const origin = { requestId: currentRequestId() ?? '', address: addressOf(deps, request, env), via: 'api' as const };
    authoriseBy(await callerOfToken(deps.app, token, origin, METRICS_RULE), METRICS_RULE);
    return undefined;
  } catch (error) {
    const status = error instanceof AppError ? STATUS[error.code] : undefined;
    if (status === undefined) deps.log.error({ err: error }, 'whoever asks for figures could not be looked up');
    const message = status && error instanceof AppError ? error.message : 'This does not work now.';
    const challenge: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
    return plain(status ?? 503, `${message}\n`, challenge);
  }
}

function addressOf({ clientAddress }: OperationalDeps, request: Request, env: unknown): string {
  const { incoming } = (env ?? {}) as { incoming?: { socket: { remoteAddress?: string } } };
  return clientAddress(incoming?.socket.remoteAddress ?? '', request.headers.get('x-forwarded-for') ?? undefined);
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, {
    status,
    headers: { ...NOT_KEPT, 'content-type': 'text/plain; charset=utf-8', ...headers },
  });
}
