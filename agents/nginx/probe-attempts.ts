import { request } from 'node:https';
import { connect } from 'node:net';
import { ERROR_HEADER } from './error-pages.ts';

/** Where nginx listens on this host. */
export type LocalListener = { readonly address: string; readonly httpsPort: number };

/** What one attempt found. */
export type Attempt = {
  readonly answered: boolean;
  /** 0 when there was no HTTP answer. */
  readonly httpStatus: number;
  readonly detail: string;
};

/** A connection that lives so long, or says something, has reached its service. */
const OPEN_MS = 500;
const DIRECT_MS = 2000;

/**
 * One HTTPS request with this SNI and Host. The certificate is not verified: it may be self-signed, and the
 * connection does not leave the host.
 */
export function tryHttps(listener: LocalListener, host: string, timeoutMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: listener.address,
        port: listener.httpsPort,
        servername: host,
        headers: { host, 'user-agent': 'berth-probe' },
        rejectUnauthorized: false,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const error = response.headers[ERROR_HEADER.toLowerCase()];
        const status = response.statusCode ?? 0;
        response.destroy();
        resolve({ answered: error === undefined, httpStatus: status, detail: error ? `nginx: ${error}` : '' });
      },
    );
    call.on('error', (error) => resolve({ answered: false, httpStatus: 0, detail: error.message }));
    call.end();
  });
}

/** One connection to an external TCP port. nginx accepts it in any case, and closes it when the backend is not there. */
export function tryTcp(address: string, port: number, timeoutMs: number): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    let openTimer: NodeJS.Timeout | undefined;
    const finish = (answered: boolean, detail: string) => {
      clearTimeout(openTimer);
      socket.destroy();
      resolve({ answered, httpStatus: 0, detail });
    };
    socket.on('connect', () => {
      openTimer = setTimeout(() => finish(true, ''), Math.min(OPEN_MS, timeoutMs));
    });
    socket.on('data', () => finish(true, ''));
    socket.on('timeout', () => finish(false, 'no answer in time'));
    socket.on('error', (error) => finish(false, error.message));
    socket.on('close', () => finish(false, 'nginx closed the connection at once'));
  });
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
