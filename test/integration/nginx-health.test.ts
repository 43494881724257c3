/** Whether the real backends of routes answer, as the agent tells it. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { lookAt } from '@berth/agents/nginx/health-look.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeTestCertificate } from './nginx-certificate.ts';
import { certificate, NginxHost, route, stream } from './nginx-host.ts';

let host: NginxHost;
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((incoming, response) => {
    response.writeHead(incoming.url === '/ready' ? 204 : 500).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
  host = await NginxHost.start();
});
afterAll(async () => {
  await host.close();
  server.closeAllConnections();
  server.close();
});

/** The newest word about each route, and whether it came with everything. */
function known(): Map<string, string> {
  const words = new Map<string, string>();
  for (const report of host.reports) {
    if (report.case !== 'backendReport') continue;
    for (const { route: name = '', healthy, error = '' } of report.value.backends ?? []) {
      words.set(name, healthy ? 'well' : error);
    }
  }
  return words;
}

test('each route is told about, with the reason in words, and again when it changes or a session opens', async () => {
  const closed = await freePort();
  const healthCheck = (path: string) => ({ options: { healthCheck: { path, intervalSeconds: 5 } } });
  await host.apply(
    await certificate('apps', '*.apps.lab'),
    route('up.apps.lab', port),
    route('down.apps.lab', closed, healthCheck('')),
    route('ready.apps.lab', port, healthCheck('/ready')),
    route('ill.apps.lab', port, healthCheck('/health')),
    stream('tcp', await freePort(), closed),
    stream('udp', await freePort(), closed),
  );
  await waitFor(() => known().size === 5, { what: 'a word about each' });
  const names = [...known()].map(([name, words]) => [name.replace(/-\d+/, ''), words]);
  expect(Object.fromEntries(names)).toEqual({
    'up.apps.lab': 'well',
    'down.apps.lab': 'connection refused',
    'ready.apps.lab': 'well',
    'ill.apps.lab': 'GET /health answered 500',
    tcp: 'connection refused',
  });

  const late = createServer();
  await once(late.listen(closed, '127.0.0.1'), 'listening');
  await waitFor(() => known().get('down.apps.lab') === 'well', { timeoutMs: 20_000, what: 'the recovery' });
  late.close();

  host.reports.length = 0;
  host.role.sessionOpened?.();
  expect(host.reports).toMatchObject([{ case: 'backendReport', value: { full: true } }]);
  expect(known().size).toBe(5);
});

test('a backend over TLS is asked with the name of its route', async () => {
  const { chainPem, keyPem } = await makeTestCertificate(['guest']);
  const secure = createTlsServer({ key: keyPem, cert: chainPem }, (incoming, response) => {
    response.writeHead(incoming.headers.host === 'tls.apps.lab' ? 200 : 421).end();
  });
  await once(secure.listen(0, '127.0.0.1'), 'listening');
  const target = { address: '127.0.0.1', port: (secure.address() as AddressInfo).port, tls: true, path: '/' };
  expect(await lookAt({ ...target, host: 'tls.apps.lab' })).toBe('');
  expect(await lookAt({ ...target, host: 'other.apps.lab' })).toBe('GET / answered 421');
  secure.closeAllConnections();
  secure.close();
});
