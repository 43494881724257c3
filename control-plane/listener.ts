/**
 * Port 8443: pages, API (gRPC, gRPC-Web, Connect over HTTP/1.1 and HTTP/2), enrolment, reflection and health, all on
 * one listener. What the API does not take goes to the pages. A plain twin for loopback serves development.
 */
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { acceptedRequestId, inLogScope } from '@berth/proto/contract/log-scope.ts';
import { type ConnectRouter, createContextValues, type Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { getRequestListener } from '@hono/node-server';
import { addressKey } from './api/caller-context.ts';
import type { ClientAddress } from './client-address.ts';
import { newId } from './ids.ts';

/** Largest message taken; also what a compressed one may grow to. */
const READ_MAX_BYTES = 4 << 20;

/** How long calls under way may take to end when the server stops, in milliseconds; a service has 30 s in all. */
const GRACE_MS = 3_000;

type NodeHandler = ReturnType<typeof connectNodeAdapter>;

export interface ListenerOptions {
  routes: (router: ConnectRouter) => void;
  interceptors: Interceptor[];
  /** Takes what is no call of the API. */
  pages: { fetch: (request: Request) => Response | Promise<Response> };
  clientAddress: ClientAddress;
  clock: Clock;
  /** Ends watches when the server stops. */
  shutdownSignal: AbortSignal;
}

/** A listening server. */
export interface Listener {
  readonly port: number;
  /** Replaces the certificate for new connections (TLS only). */
  setCertificate(certificate: { cert: string; key: string }): void;
  /** Stops taking connections, tells HTTP/2 clients to go, lets calls end that do so soon, and ends what is left. */
  close(): Promise<void>;
}

/**
 * The handler that both listeners share. Every request is answered with its identifier in `x-request-id`, the caller's
 * own where he gave one, and all that is done for it happens in its scope.
 */
export function requestHandler(options: ListenerOptions): NodeHandler {
  const handle = connectNodeAdapter({
    routes: options.routes,
    interceptors: options.interceptors,
    readMaxBytes: READ_MAX_BYTES,
    contextValues: (request) =>
      createContextValues().set(addressKey, options.clientAddress(peerOf(request), forwardedFor(request))),
    shutdownSignal: options.shutdownSignal,
    fallback: getRequestListener(options.pages.fetch) as NodeHandler,
  });
  return (request, response) => {
    const requestId = acceptedRequestId(request.headers['x-request-id']) ?? newId('req', options.clock.now());
    response.setHeader('x-request-id', requestId);
    inLogScope({ requestId }, () => handle(request, response));
  };
}

function peerOf(request: IncomingMessage | Http2ServerRequest): string {
  const socket = 'stream' in request ? request.stream.session?.socket : request.socket;
  return socket?.remoteAddress ?? '';
}

function forwardedFor(request: IncomingMessage | Http2ServerRequest): string | undefined {
  const header = request.headers['x-forwarded-for'];
  return Array.isArray(header) ? header.join(',') : header;
}

/** Listens with TLS 1.2 or newer, HTTP/2 and HTTP/1.1. */
export async function listenSecure(
  handler: NodeHandler,
  address: { host: string; port: number },
  certificate: { cert: string; key: string },
): Promise<Listener> {
  const calls = new CallsUnderWay(handler);
  const server = createSecureServer({ ...certificate, allowHTTP1: true, minVersion: 'TLSv1.2' }, calls.handler);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  const stop = stopper(server, calls);
  const port = await listening(server, address);
  return {
    port,
    setCertificate: (next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }),
    close() {
      const stopped = stop();
      // close() of an HTTP/2 server sends no GOAWAY by itself.
      for (const session of sessions) session.close();
      return stopped;
    },
  };
}

/** Listens without TLS, for loopback. */
export async function listenPlain(handler: NodeHandler, address: { host: string; port: number }): Promise<Listener> {
  const calls = new CallsUnderWay(handler);
  const server = createPlainServer(calls.handler);
  const stop = stopper(server, calls);
  return { port: await listening(server, address), setCertificate: () => {}, close: stop };
}

/** What stops a server: no new connections, calls under way answered, then every connection ended, whatever it speaks. */
function stopper(server: Server, calls: CallsUnderWay): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const answered = await calls.ended(GRACE_MS);
    for (const socket of sockets) {
      if (answered) socket.destroySoon();
      else socket.destroy();
    }
    await closed;
  };
}

/** Counts the calls that wait for their answer. */
class CallsUnderWay {
  readonly handler: NodeHandler;
  #count = 0;
  #none: () => void = () => {};

  constructor(handler: NodeHandler) {
    this.handler = (request, response) => {
      this.#count += 1;
      response.once('close', () => {
        this.#count -= 1;
        if (this.#count === 0) this.#none();
      });
      handler(request, response);
    };
  }

  /** Waits so many milliseconds at most until all of them are answered. @returns whether they are */
  async ended(withinMs: number): Promise<boolean> {
    if (this.#count > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#none = resolve;
      const late = setTimeout(resolve, withinMs);
      await promise;
      clearTimeout(late);
    }
    return this.#count === 0;
  }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
