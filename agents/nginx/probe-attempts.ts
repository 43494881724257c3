import { request } from 'node:https';
import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type BerthError, ERROR_HEADER } from './error-pages.ts';
import type { SignInError } from './render-sign-in.ts';

/** Where nginx listens on this host, and whether it wants to be told whom it speaks to. */
export type LocalListener = {
  readonly address: string;
  readonly httpsPort: number;
  readonly proxyProtocol: boolean;
};

/** What one attempt found. */
export type Attempt = {
  readonly answered: boolean;
  /** nginx itself answers in the backend's place, as it is meant to: it asks for a password, say. */
  readonly gated: boolean;
  /** 0 when there was no HTTP answer. */
  readonly httpStatus: number;
  readonly detail: string;
};

/** A connection that lives so long, or says something, has reached its service. */
const OPEN_MS = 500;
const DIRECT_MS = 2000;
/** Pages of nginx's that say nothing against the backend. */
const GATES: readonly (BerthError | SignInError | undefined)[] = [
  'unauthorized',
  'forbidden',
  'too_many_requests',
  'maintenance',
  'sign_in',
  'sign_in_unavailable',
];

/**
 * One HTTPS request with this SNI and Host. The certificate is not verified: it may be self-signed, and the
 * connection does not leave the host.
 */
export function tryHttps(listener: LocalListener, host: string, path: string, timeoutMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const headers = { host, 'user-agent': 'berth-probe' };
    const signal = AbortSignal.timeout(timeoutMs);
    const createConnection = () => {
      const socket = greeted(listener, listener.httpsPort);
      const tls = connectTls({ socket, servername: host, rejectUnauthorized: false });
      socket.on('error', (error) => tls.destroy(error));
      return tls;
    };
    const call = request({ headers, path: path || '/', signal, createConnection }, (response) => {
      const error = response.headers[ERROR_HEADER.toLowerCase()];
      const httpStatus = response.statusCode ?? 0;
      response.destroy();
      const gated = GATES.includes(error as BerthError | undefined) && error !== undefined;
      resolve({ answered: error === undefined, gated, httpStatus, detail: error ? `nginx: ${error}` : '' });
    });
    call.on('error', (error) => resolve({ answered: false, gated: false, httpStatus: 0, detail: error.message }));
    call.end();
  });
}

/**
 * One connection to an external TCP port. nginx accepts it in any case, and closes it when the backend is not there.
 * @param tlsHost name to ask for by TLS, whose certificate is not verified; empty: TLS is not spoken
 */
export function tryTcp(listener: LocalListener, port: number, tlsHost: string, timeoutMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = greeted(listener, port);
    socket.setTimeout(timeoutMs);
    const stream = tlsHost ? connectTls({ socket, servername: tlsHost, rejectUnauthorized: false }) : socket;
    let openTimer: NodeJS.Timeout | undefined;
    const finish = (answered: boolean, detail: string) => {
      clearTimeout(openTimer);
      socket.destroy();
      resolve({ answered, gated: false, httpStatus: 0, detail });
    };
    stream.on(tlsHost ? 'secureConnect' : 'connect', () => {
      openTimer = setTimeout(() => finish(true, ''), Math.min(OPEN_MS, timeoutMs));
    });
    stream.on('data', () => finish(true, ''));
    socket.on('timeout', () => finish(false, 'no answer in time'));
    // Where TLS passes through, a backend that speaks it badly, or not at all, is there all the same.
    const spoken = (error: NodeJS.ErrnoException) => error.code?.startsWith('ERR_SSL') ?? false;
    stream.on('error', (error) => finish(spoken(error), error.message));
    if (stream !== socket) socket.on('error', (error) => finish(false, error.message));
    stream.on('close', () => finish(false, 'nginx closed the connection at once'));
  });
}

/** A connection that says first who it is where nginx wants that (PROXY protocol, version 1). */
function greeted({ address, proxyProtocol }: LocalListener, port: number): Socket {
  const socket = connect({ host: address, port });
  if (proxyProtocol) {
    const family = isIPv6(address) ? 'TCP6' : 'TCP4';
    socket.once('connect', () => socket.write(`PROXY ${family} ${address} ${address} ${socket.localPort} ${port}\r\n`));
  }
  return socket;
}

/** How a backend takes a direct connection. */
export function directReach(address: string, port: number): Promise<'open' | 'refused' | 'silent'> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: DIRECT_MS });
    const finish = (reach: 'open' | 'refused' | 'silent') => {
      socket.destroy();
      resolve(reach);
    };
    socket.on('connect', () => finish('open'));
    socket.on('timeout', () => finish('silent'));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'));
  });
}
