/**
 * Every page as everybody. Pages ask the API in the name of whoever looks, whose rights the access matrix holds; here it
 * is shown that none of them fails, tells a stranger more than that there is nothing, or forgets to lead to the sign-in.
 */
import { join } from 'node:path';
import { createWeb } from '@berth/web/app.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { matrixText } from './access/matrix-text.ts';
import { type Person, people } from './access/people.ts';
import { openWorld, type World } from './access/world.ts';

const GOLDEN = join(import.meta.dirname, '../golden/page-matrix.txt');

/** What the parameters of a page stand for: an identifier of the world by the beginning of the page's path. */
const NAMED: [prefix: string, name: string][] = [
  ['/containers/', 'container'],
  ['/sites/', 'site'],
  ['/domains/', 'domain'],
  ['/acme-accounts/', 'account'],
  ['/people/', 'olga'],
];
/** And what is no identifier of the world. */
const LITERAL: Record<string, string> = {
  '/assets/:name': '/assets/style.css',
  '/sign-in/with/:name/back': '/sign-in/with/uni/back',
  '/groups/:id': '/groups/grp-course',
  '/providers/:name': '/providers/uni',
  '/dns-providers/:name': '/dns-providers/updates',
};

let world: World;
let web: ReturnType<typeof createWeb>;

beforeAll(async () => {
  world = await openWorld();
  web = createWeb({ transportFor: ({ token }) => world.bench.transport(token), secure: true });
});
afterAll(() => world?.bench.close());

function addressOf(path: string): string {
  const name = NAMED.find(([prefix]) => path.startsWith(prefix))?.[1];
  const service = world.identifiers.get('http') ?? '';
  return (
    LITERAL[path] ?? path.replace(':service', service).replace(/:\w+/, world.identifiers.get(name ?? '') ?? 'not-there')
  );
}

/** How a page answers somebody: its status, and for the anonymous whether it leads to the sign-in. */
async function look(path: string, { username }: Person): Promise<string> {
  const headers = username ? { cookie: `__Host-berth=${world.sessions.get(username)}` } : {};
  const answer = await web.request(`https://berth.test${addressOf(path)}`, { headers });
  await answer.body?.cancel();
  const location = answer.headers.get('location') ?? '';
  return location.startsWith('/sign-in?') ? 'sign in' : String(answer.status);
}

it('answers everybody as was last agreed, and fails for nobody', async () => {
  const paths = [...new Set(web.routes.filter(({ method }) => method === 'GET').map(({ path }) => path))];
  const rows: { name: string; note: string; endings: string[] }[] = [];
  for (const path of paths) {
    const endings: string[] = [];
    for (const person of people) {
      const ending = await look(path, person);
      expect(Number(ending) || 0, `${path} as ${person.title}`).toBeLessThan(500);
      endings.push(ending);
    }
    rows.push({ name: path, note: '', endings });
  }
  await expect(
    matrixText(
      people.map(({ title }) => title),
      rows,
    ),
  ).toMatchFileSnapshot(GOLDEN);
});
