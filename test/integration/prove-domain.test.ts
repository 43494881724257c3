/** How a domain is shown to be somebody's, with real name servers and real web servers on loopback. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { DnsDeps } from '@berth/control-plane/dns/dns-provider.ts';
import { proveDomain } from '@berth/control-plane/dns/prove-domain.ts';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type NameServers, startNameServers } from '../support/name-server.ts';
import { openDnsDeps } from './dns-bench.ts';

const TOKEN = 'the-token-of-this-domain';
let servers: NameServers;
let deps: DnsDeps;
let web: Server | undefined;
let port: number;
const prove = (name: string, change: Partial<DnsDeps['dns']> = {}) =>
  proveDomain(
    { ...deps, dns: { ...deps.dns, httpPort: port, ...change } },
    { name, token: TOKEN },
    AbortSignal.timeout(20_000),
  );

beforeAll(async () => {
  const records = [
    `_berth.txt TXT "other" \n_berth.txt TXT "${TOKEN}"`,
    '_berth.wrong TXT "something secret"',
    'web A 127.0.0.1',
    'wrong A 127.0.0.1',
    'link A 169.254.169.254',
    'lan A 10.0.0.1',
    'mapped AAAA ::ffff:127.0.0.1',
  ];
  servers = await startNameServers([{ name: 'proof.test', records }]);
  deps = await openDnsDeps(`${servers.primary}:53`);
  port = await freePort();
});
afterEach(async () => {
  await new Promise((resolve) => (web ? web.close(resolve) : resolve(undefined)));
  web = undefined;
});
afterAll(async () => {
  await deps?.store.close();
  await servers?.stop();
});

async function serve(listener: RequestListener): Promise<void> {
  web = createServer(listener);
  await new Promise<void>((resolve) => web?.listen(port, '127.0.0.1', resolve));
}

it('takes a TXT record among others', async () => {
  expect(await prove('txt.proof.test')).toEqual({ proven: true, by: 'txt', reason: '' });
});

it('takes a file, asked for by the name of the domain', async () => {
  const asked: unknown[] = [];
  await serve((request, response) => {
    asked.push([request.headers.host, request.url]);
    response.end(`${TOKEN}\n`);
  });
  expect(await prove('web.proof.test')).toEqual({ proven: true, by: 'http', reason: '' });
  expect(asked).toEqual([[`web.proof.test:${port}`, '/.well-known/berth-verification']]);
});

it('follows a redirect within the host, and none to another', async () => {
  await serve((request, response) => {
    if (request.url === '/proof') return response.end(TOKEN);
    response.writeHead(302, { location: '/proof' }).end();
  });
  expect(await prove('web.proof.test')).toMatchObject({ proven: true });
  web?.removeAllListeners('request').on('request', (_, response) => {
    response.writeHead(302, { location: `http://txt.proof.test:${port}/proof` }).end();
  });
  expect(await prove('web.proof.test')).toMatchObject({
    proven: false,
    reason: expect.stringMatching(/redirects to another host/),
  });
});

it.each<[string, RequestListener, RegExp]>([
  ['another text', (_, response) => response.end('a secret of the inside'), /it says something else/],
  ['no file', (_, response) => response.writeHead(404).end(), /it answers with status 404/],
  ['no end', (_, response) => response.write('x'.repeat(5_000)), /its answer is too long/],
  ['a loop', (_, response) => response.writeHead(302, { location: '/' }).end(), /it redirects too often/],
  ['a closed door', (request) => request.socket.destroy(), /it cannot be reached/],
])('is not shown by %s, and tells nothing of it', async (_, listener, reason) => {
  await serve(listener);
  const verdict = await prove('wrong.proof.test');
  expect(verdict).toMatchObject({ proven: false, by: null, reason: expect.stringMatching(reason) });
  expect(verdict.reason).not.toMatch(/secret/);
});

it.each(['web', 'link', 'lan', 'mapped'])('knocks at no door behind the wall: %s', async (host) => {
  let knocks = 0;
  await serve((_, response) => {
    knocks += 1;
    response.end(TOKEN);
  });
  const verdict = await prove(`${host}.proof.test`, { closedNetwork: false });
  expect(verdict).toMatchObject({ proven: false, reason: expect.stringMatching(/not of the public Internet/) });
  expect(knocks).toBe(0);
});

it('tells of a name without an address, a server that is not there, and name servers that are silent', async () => {
  expect((await prove('none.proof.test')).reason).toMatch(/there is none\..*the name has no address/);
  expect((await prove('web.proof.test')).reason).toMatch(/the connection is refused/);
  expect((await prove('a.elsewhere.test')).reason).toMatch(/the name servers refuse to answer/);
});
