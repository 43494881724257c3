/**
 * Routes changed one after another while they are used: by clients that keep their connections, by WebSockets that stay
 * open and by a long download. nginx before 1.27.4 closes idle connections when a worker leaves, also one on which a
 * request is just under way; as every browser, a client here asks again on a new connection when the kept one was closed
 * before any answer (RFC 9112, 9.3.1), and says how often.
 */

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { workersOf } from '@berth/agents/nginx/worker-processes.ts';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { delay, systemClock } from '@berth/proto/contract/clock.ts';
import { certificate, NginxHost, type RouteExtras, route } from './nginx-host.ts';

/** How much is done. */
export type Amount = {
  readonly routes: number;
  readonly changes: number;
  readonly clients: number;
  readonly sockets: number;
};

/** What came of it. */
export type Outcome = {
  requests: number;
  /** Asked again, since a kept connection was closed. */
  again: number;
  /** What a client would have noticed, in words. */
  failures: string[];
  /** Most workers at one time. */
  workers: number;
  echoes: number;
  downloaded: number;
  /** Milliseconds of each apply. */
  applyMs: number[];
};

/** What routes want in turn, so that every change makes other servers, maps and files. */
const WISHES: readonly RouteExtras[] = [
  { options: { maxBodyBytes: 1_000_000n } },
  { options: { gzip: true } },
  { options: { requestHeaders: [{ name: 'X-Team', value: 'blue' }], timeoutSeconds: 60 } },
  { options: { plainHttp: true, responseHeaders: [{ name: 'X-Frame-Options', value: 'DENY' }] } },
  { options: { rateLimit: { requestsPerSecond: 100_000, burst: 1000 } } },
  { options: { access: { allow: ['127.0.0.0/8'] } } },
  { address: '127.0.0.2' },
];

/** Runs it all. `say` hears of the progress, `beside` runs for as long, given the host. */
export async function changeUnderLoad(
  amount: Amount,
  say: (line: string) => void = () => {},
  beside: (host: NginxHost, over: AbortSignal) => Promise<void> = async () => {},
): Promise<Outcome> {
  const backend = new Backend();
  const host = await NginxHost.start({ accessLog: false });
  const over = new AbortController();
  const outcome: Outcome = {
    requests: 0,
    again: 0,
    failures: [],
    workers: 0,
    echoes: 0,
    downloaded: 0,
    applyMs: [],
  };
  try {
    const port = await backend.start();
    const names = Array.from({ length: amount.routes }, (_, index) => `web${index}.apps.lab`);
    await host.apply(await certificate('apps', '*.apps.lab'), ...names.map((name) => route(name, port)));
    const users = [
      ...Array.from({ length: amount.clients }, (_, index) => useRoutes(host, names, index, outcome, over.signal)),
      ...Array.from({ length: amount.sockets }, (_, index) =>
        holdSocket(host, names[index] ?? '', outcome, over.signal),
      ),
      download(host, names[0] ?? '', outcome, over.signal),
      beside(host, over.signal),
    ];
    await change(host, port, names, amount.changes, outcome, say);
    over.abort();
    await Promise.all(users);
    return outcome;
  } finally {
    over.abort();
    await host.close();
    backend.stop();
  }
}

async function change(
  host: NginxHost,
  port: number,
  names: readonly string[],
  changes: number,
  outcome: Outcome,
  say: (line: string) => void,
): Promise<void> {
  for (let index = 0; index < changes; index += 1) {
    const changed: Resource = route(names[index % names.length] ?? '', port, WISHES[(index * 5 + 1) % WISHES.length]);
    const start = performance.now();
    const report = await host.apply(changed);
    outcome.applyMs.push(performance.now() - start);
    if (report.status !== 'running' || report.errors.length > 0) outcome.failures.push(JSON.stringify(report.errors));
    const workers = (await workersOf(await host.masterPid())).length;
    outcome.workers = Math.max(outcome.workers, workers);
    if (index % 100 === 99) say(`${index + 1} changes, ${outcome.requests} requests, ${workers} workers`);
  }
}

/** Asks for one route after another over a connection that is kept. */
async function useRoutes(
  host: NginxHost,
  names: readonly string[],
  start: number,
  outcome: Outcome,
  over: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let index = start * 7; !over.aborted; index += 1) {
    const name = names[index % names.length] ?? '';
    let result = await ask(host, agent, name);
    if (result === 'closed') {
      outcome.again += 1;
      result = await ask(host, agent, name);
    }
    outcome.requests += 1;
    if (result !== 'ok') outcome.failures.push(`${name}: ${result}`);
  }
  agent.destroy();
}

/** "ok", "closed" for a kept connection that was closed before any answer, or what went wrong. */
function ask(host: NginxHost, agent: Agent, name: string): Promise<string> {
  const address = { host: '127.0.0.1', port: host.httpsPort, servername: 'web0.apps.lab', rejectUnauthorized: false };
  return new Promise((resolve) => {
    const call = request({ ...address, headers: { host: name }, agent }, (response) => {
      response.on('error', (error) => resolve(`cut off: ${error.message}`));
      response.on('end', () => resolve(response.statusCode === 200 ? 'ok' : `status ${response.statusCode}`));
      response.resume();
    });
    call.on('error', (error) => resolve(call.reusedSocket ? 'closed' : error.message));
    call.end();
  });
}

async function upgraded(host: NginxHost, name: string): Promise<TLSSocket> {
  const address = { host: '127.0.0.1', port: host.httpsPort, servername: name, rejectUnauthorized: false };
  const socket = connectTls(address);
  await once(socket, 'secureConnect');
  socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  const [head] = await once(socket, 'data');
  if (!String(head).startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${head}`);
  return socket;
}

/** Holds one connection, and says something ten times a second that has to come back. */
async function holdSocket(host: NginxHost, name: string, outcome: Outcome, over: AbortSignal): Promise<void> {
  const socket = await upgraded(host, name);
  let owed = 0;
  const lost = (why: string) => over.aborted || outcome.failures.push(`WebSocket of ${name}: ${why}`);
  socket.on('data', (chunk: Buffer) => {
    owed -= chunk.length;
    outcome.echoes += 1;
  });
  socket.on('error', (error) => lost(error.message));
  socket.on('close', () => lost('closed'));
  while (!over.aborted && !socket.destroyed) {
    owed += 4;
    socket.write('ping');
    await delay(systemClock, 100);
  }
  if (owed > 4000) lost(`${owed} bytes never came back`);
  socket.destroy();
}

/** One answer that takes as long as everything else. */
function download(host: NginxHost, name: string, outcome: Outcome, over: AbortSignal): Promise<void> {
  const address = { host: '127.0.0.1', port: host.httpsPort, servername: name, rejectUnauthorized: false };
  return new Promise((resolve) => {
    const call = request({ ...address, path: '/long', headers: { host: name }, agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        outcome.downloaded += chunk.length;
      });
      response.on('close', () => {
        if (!over.aborted) outcome.failures.push('the download was cut off');
        resolve();
      });
      response.on('error', () => undefined);
      over.addEventListener('abort', () => response.destroy());
    });
    call.on('error', (error) => {
      if (!over.aborted) outcome.failures.push(`the download: ${error.message}`);
      resolve();
    });
    call.end();
  });
}

/** Answers, echoes what WebSockets say, and sends something for ever at "/long". */
class Backend {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor() {
    this.#server = createServer((incoming, response) => {
      if (incoming.url === '/long') this.#sendOn(response);
      else response.end('ok');
    });
    this.#server.keepAliveTimeout = 10_000;
    this.#server.on('upgrade', (_incoming, socket: Socket) => {
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
      this.#sockets.add(socket);
    });
  }

  async start(): Promise<number> {
    await once(this.#server.listen(0, '0.0.0.0'), 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  #sendOn(response: ServerResponse): void {
    const timer = setInterval(() => response.write('x'.repeat(1000)), 20);
    this.#timers.add(timer);
    response.on('close', () => clearInterval(timer));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
