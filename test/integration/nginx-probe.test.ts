import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { CommandSchema, ProbeReach } from '@berth/proto/agent/v1/command_pb.js';
import { StreamTls } from '@berth/proto/agent/v1/resource_pb.js';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { certificate, NginxHost, route, stream } from './nginx-host.ts';

let backend: Server;
let port: number;
let closedPort: number;
let host: NginxHost;

beforeAll(async () => {
  backend = createServer((_incoming, response) => response.writeHead(503).end());
  await once(backend.listen(0, '127.0.0.1'), 'listening');
  port = (backend.address() as AddressInfo).port;
  closedPort = await freePort();
  host = await NginxHost.start();
  await host.apply(
    await certificate('apps', '*.apps.lab'),
    route('up.apps.lab', port),
    route('down.apps.lab', closedPort),
  );
});
afterAll(async () => {
  await host.close();
  backend.close();
});

async function run(
  target: { httpHost: string } | { tcpPort: number; tlsHost?: string },
  backendPort: number,
  timeoutMs: number,
) {
  const chosen =
    'httpHost' in target
      ? { case: 'httpHost' as const, value: target.httpHost }
      : { case: 'tcpPort' as const, value: target.tcpPort };
  const tlsHost = 'tlsHost' in target ? target.tlsHost : '';
  const value = { target: chosen, tlsHost, backend: { address: '127.0.0.1', port: backendPort }, timeoutMs };
  const command = create(CommandSchema, { id: 'c1', task: { case: 'probeRoute', value } });
  const notes = { read: () => ({}), write: async () => undefined };
  const context = { signal: new AbortController().signal, progress: () => undefined, notes };
  const outcome = await host.role.execute(command, context);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.success.probe;
}

test('any answer of the guest counts, whatever its status', async () => {
  expect(await run({ httpHost: 'up.apps.lab' }, port, 2000)).toMatchObject({
    reach: ProbeReach.ANSWERED,
    httpStatus: 503,
  });
});

test('a port where nothing listens is told from a guest that is not there, after a time of grace', async () => {
  const begin = performance.now();
  const found = await run({ httpHost: 'down.apps.lab' }, closedPort, 20_000);
  expect(found).toMatchObject({ reach: ProbeReach.REFUSED, httpStatus: 502, detail: 'nginx: bad_gateway' });
  expect(performance.now() - begin).toBeGreaterThan(2900);
});

test('a name without a route is not reached', async () => {
  const found = await run({ httpHost: 'none.apps.lab' }, port, 1000);
  expect(found).toMatchObject({ reach: ProbeReach.UNREACHED, httpStatus: 404, detail: 'nginx: not_found' });
});

test('a TCP service answers by staying, one that is gone by nothing', async () => {
  const silent = createTcpServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const silentPort = (silent.address() as AddressInfo).port;
  const [up, down] = [await freePort(), await freePort()];
  await host.apply(stream('tcp', up, silentPort), stream('tcp', down, closedPort));
  expect(await run({ tcpPort: up }, silentPort, 3000)).toMatchObject({ reach: ProbeReach.ANSWERED });
  expect(await run({ tcpPort: down }, closedPort, 1000)).toMatchObject({ reach: ProbeReach.REFUSED });
  silent.close();
});

test('of names that share a port each is asked for by itself', async () => {
  const silent = createTcpServer(() => undefined);
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const silentPort = (silent.address() as AddressInfo).port;
  const shared = await freePort();
  const named = (name: string, to: number) =>
    stream('tcp', shared, to, { tls: StreamTls.TERMINATE, host: `${name}.apps.lab`, certificate: 'apps' });
  await host.apply(await certificate('apps', '*.apps.lab'), named('up', silentPort), named('down', closedPort));
  const up = await run({ tcpPort: shared, tlsHost: 'up.apps.lab' }, silentPort, 3000);
  expect(up).toMatchObject({ reach: ProbeReach.ANSWERED });
  const down = await run({ tcpPort: shared, tlsHost: 'down.apps.lab' }, closedPort, 1000);
  expect(down).toMatchObject({ reach: ProbeReach.REFUSED });
  silent.close();
});
