/**
 * Stands before an ACME server and lets everything through, but for what a test wants: it adds renewal information
 * (RFC 9773), which Debian's pebble does not have, counts orders, and fails as authorities do.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';

/** An order that the authority made. */
export interface SeenOrder {
  names: string[];
  /** ARI identifier of what it takes the place of; empty for none. */
  replaces: string;
}

/** An answer in place of the authority's. */
export interface Instead {
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

export interface AcmeProxy {
  readonly directoryUrl: string;
  /** Orders that the authority made, oldest first. */
  readonly orders: SeenOrder[];
  /** Paths asked for, with their methods, oldest first. */
  readonly requests: string[];
  /** When to renew, by ARI identifier; what is not named has a window far away. */
  readonly windows: Map<string, { start: Date; end: Date; explanationURL?: string }>;
  /** Milliseconds since the epoch of each look at renewal information. */
  readonly looks: string[];
  /** What to answer to a request instead of asking; `made` when it was asked all the same and the answer is lost. */
  intercept: (path: string, method: string) => Instead | 'lost' | undefined;
  close(): Promise<void>;
}

/** Starts it before a server on loopback. @param tls certificate and key files for itself; the server's own authority */
export async function startAcmeProxy(
  upstreamPort: number,
  tls: { certFile: string; keyFile: string },
  retryAfterSeconds = 60,
): Promise<AcmeProxy> {
  const [cert, key] = [await readFile(tls.certFile), await readFile(tls.keyFile)];
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ca: cert });
  const proxy: Omit<AcmeProxy, 'directoryUrl' | 'close'> = {
    orders: [],
    requests: [],
    windows: new Map(),
    looks: [],
    intercept: () => undefined,
  };
  const server = createServer({ cert, key }, (incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/' } = incoming;
    proxy.requests.push(`${method} ${path}`);
    const body = await collect(incoming);
    if (path.startsWith('/renewal-info/')) return renewalInfo(proxy, response, path, retryAfterSeconds);
    const instead = proxy.intercept(path, method);
    if (instead && instead !== 'lost') return reply(response, instead);
    const passed = await pass({ port: upstreamPort, agent }, incoming, body);
    if (path === '/order-plz' && passed.status === 201) proxy.orders.push(orderOf(body));
    if (instead === 'lost') return response.destroy();
    if (path === '/dir') passed.body = withRenewalInfo(passed.body, incoming.headers.host ?? '');
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = passed.headers;
    response.writeHead(passed.status, headers).end(passed.body);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    close: () =>
      new Promise<void>((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

interface Passed {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

// The host stays as it was asked for: pebble makes its links from it, and what is signed names it.
function pass(upstream: { port: number; agent: Agent }, incoming: IncomingMessage, body: Buffer): Promise<Passed> {
  const { method, url, headers } = incoming;
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', ...upstream, path: url, method, headers }, (answer) => {
      const done = (bytes: Buffer) =>
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes });
      collect(answer).then(done, reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

function renewalInfo(
  proxy: Pick<AcmeProxy, 'windows' | 'looks'>,
  response: ServerResponse,
  path: string,
  retryAfterSeconds: number,
): void {
  const id = path.slice('/renewal-info/'.length);
  proxy.looks.push(id);
  const far = Date.now() + 30 * 86_400_000;
  const { start, end, ...more } = proxy.windows.get(id) ?? { start: new Date(far), end: new Date(far + 86_400_000) };
  const suggestedWindow = { start: start.toISOString(), end: end.toISOString() };
  const headers = { 'retry-after': String(retryAfterSeconds) };
  reply(response, { status: 200, headers, body: { suggestedWindow, ...more } });
}

function withRenewalInfo(body: Buffer, host: string): Buffer {
  return Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), renewalInfo: `https://${host}/renewal-info` }));
}

function orderOf(body: Buffer): SeenOrder {
  const { payload } = JSON.parse(body.toString()) as { payload: string };
  const order = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
    identifiers: { value: string }[];
    replaces?: string;
  };
  return { names: order.identifiers.map(({ value }) => value), replaces: order.replaces ?? '' };
}

function reply(response: ServerResponse, { status, headers = {}, body = {} }: Instead): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(body));
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
