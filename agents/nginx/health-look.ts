import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';

/** How a backend is asked whether it is well. */
export type HealthTarget = {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Name to ask for. */
  readonly host: string;
  /** Path to GET; empty: a connection suffices. */
  readonly path: string;
};

/** Milliseconds for one look. */
const PATIENCE_MS = 5000;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  EPIPE: 'the connection was reset',
  ETIMEDOUT: `no answer within ${PATIENCE_MS / 1000} s`,
};

/** Looks once: "" when the backend is well, else why it is not, in words. Never rejects. */
export async function lookAt(target: HealthTarget): Promise<string> {
  try {
    return await (target.path === '' ? tryConnection(target) : tryRequest(target));
  } catch (error) {
    return String(error);
  }
}

function tryConnection({ address, port }: HealthTarget): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: PATIENCE_MS });
    const finish = (words: string) => {
      socket.destroy();
      resolve(words);
    };
    socket.on('connect', () => finish(''));
    socket.on('timeout', () => finish(wordsFor({ code: 'ETIMEDOUT' })));
    socket.on('error', (error) => finish(wordsFor(error)));
  });
}

/** A status of 200–399 is well. The certificate is not verified: it is the guest's own. */
function tryRequest({ address, port, tls, host, path }: HealthTarget): Promise<string> {
  return new Promise((resolve) => {
    const headers = { host, 'user-agent': 'berth-health', accept: '*/*' };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const options = { host: address, port, path, headers, agent: false, signal };
    const secure = { ...options, servername: host, rejectUnauthorized: false };
    const call = tls ? tlsRequest(secure) : plainRequest(options);
    call.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 200 && status < 400 ? '' : `GET ${path} answered ${status}`);
    });
    call.on('error', (error) => resolve(wordsFor(signal.aborted ? { code: 'ETIMEDOUT' } : error)));
    call.end();
  });
}

function wordsFor(error: { code?: string; message?: string }): string {
  return WORDS[error.code ?? ''] ?? error.message ?? 'it does not answer';
}
