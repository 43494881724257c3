import { createWeb } from '@berth/web/app.ts';
import { createRouterTransport } from '@connectrpc/connect';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type Visit, withVisits } from './visits.ts';

it('requests are told by the pattern that answered them, of which there are so many and no more', async () => {
  const visits: Visit[] = [];
  const lines: string[] = [];
  const log = pino({ level: 'info', base: null }, { write: (line) => lines.push(line) });
  const web = createWeb({ transportFor: () => createRouterTransport(() => {}), secure: false });
  // What stands before the pages knows nothing of patterns.
  const before = (path: string) => path === '/readyz' || path.startsWith('/guest/');
  const pages = {
    fetch: (request: Request, env?: unknown) =>
      before(new URL(request.url).pathname) ? new Response('') : web.fetch(request, env as object),
  };
  const { fetch } = withVisits({ log, onVisit: (visit) => visits.push(visit) }, pages);
  const told = async (path: string, init?: RequestInit) => {
    await fetch(new Request(`http://localhost${path}`, init));
    const { route, method } = visits.at(-1) ?? { route: '', method: '' };
    return `${method} ${route}`;
  };
  expect(await told('/forgot-password')).toBe('GET /forgot-password');
  expect(await told('/assets/style.css')).toBe('GET /assets/:name');
  expect(await told('/readyz')).toBe('GET /readyz');
  expect(await told('/guest/whatever')).toBe('GET /guest/*');
  expect(await told('/made-up', { method: 'BREW' })).toBe('other none');
  const frequent = lines.filter((line) => /assets|readyz/.test(line));
  expect(frequent).toEqual([]);
});
