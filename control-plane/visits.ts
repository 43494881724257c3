import type { Logger } from './log.ts';

/** Answers requests, told by the listener where they come from. */
type Fetch = (request: Request, env?: unknown) => Response | Promise<Response>;

/** A request to the pages, or to what stands before them, that has been answered. */
export interface Visit {
  /** The pattern of its path, e.g. "/containers/:id"; of which there are so many and no more. */
  route: string;
  method: string;
  status: number;
  /** Until the answer began. */
  seconds: number;
}

/** What stands before the pages and answers programs. */
const PROGRAMS = ['/guest/', '/app-sign-in/'];
const ASKED = ['/livez', '/readyz', '/metrics', '/internal-authority.pem'];
/** Asked for all the time, and of no interest one by one. */
const FREQUENT = ['/assets/:name', '/app-sign-in/*', '/livez', '/readyz', '/metrics'];
/** All others count as one, for anybody may make up a method. */
const METHODS = ['GET', 'HEAD', 'POST'];

/** Has every request that is no call of the API be one line of the log, and count. */
export function withVisits(
  { log, onVisit }: { log: Logger; onVisit?: ((visit: Visit) => void) | undefined },
  pages: { fetch: Fetch },
): { fetch: Fetch } {
  return {
    async fetch(request, env) {
      const began = performance.now();
      // The pages fill in what they know of it.
      const visit = { route: '', userId: undefined as string | undefined };
      const end = (status: number) => {
        const seconds = (performance.now() - began) / 1000;
        const route = visit.route || routeOf(new URL(request.url).pathname);
        const method = METHODS.includes(request.method) ? request.method : 'other';
        const line = { method, route, status, durationMs: Math.round(seconds * 1000), userId: visit.userId };
        if (FREQUENT.includes(route)) log.debug(line, 'page');
        else log.info(line, 'page');
        onVisit?.({ route, method, status, seconds });
      };
      try {
        const response = await pages.fetch(request, { ...(env as object), visit });
        end(response.status);
        return response;
      } catch (error) {
        end(500);
        throw error;
      }
    },
  };
}

function routeOf(path: string): string {
  if (ASKED.includes(path)) return path;
  const prefix = PROGRAMS.find((start) => path.startsWith(start));
  return prefix ? `${prefix}*` : 'other';
}
