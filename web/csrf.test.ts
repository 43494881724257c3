import { createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { createWeb } from './app.ts';

const calls: string[] = [];
const web = createWeb({
  transportFor: () => {
    calls.push('api');
    return createRouterTransport(() => undefined);
  },
  secure: true,
});
const posts = [...new Set(web.routes.filter(({ method }) => method === 'POST').map(({ path }) => path))];

const ELSEWHERE: Record<string, Record<string, string>> = {
  'another origin': { origin: 'https://evil.test' },
  'a sandboxed frame': { origin: 'null' },
  'another site, by what the browser says': { 'sec-fetch-site': 'cross-site' },
  'a neighbour': { origin: 'https://other.berth.test', 'sec-fetch-site': 'same-site' },
  'the same name without TLS': { origin: 'http://berth.test' },
  'nobody knows where': {},
};

test.each(Object.entries(ELSEWHERE))('no form is taken from %s', async (_, headers) => {
  expect(posts.length).toBeGreaterThan(20);
  for (const path of posts) {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', '']) {
      const request = new Request(`https://berth.test${path}`, {
        method: 'POST',
        headers: { cookie: '__Host-berth=good', ...headers, ...(type && { 'content-type': type }) },
      });
      const answer = await web.fetch(request);
      expect(answer.status, `${path} as ${type}`).toBe(403);
    }
  }
  expect(calls).toEqual([]);
});
