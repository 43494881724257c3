import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { CONTROL_PLANE_NAME } from '../app-sign-in/sign-in-ways.ts';
import type { Config } from '../config.ts';

/** Where a listener is reached from its own host. */
export function reachable({ host, port }: { host: string; port: number }): { host: string; port: number } {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return host === '::' ? { host: '::1', port } : { host, port };
}

/** The API of this host's control plane, over its own listener whatever names it has. `token` is a session's. */
export function localApi(config: Pick<Config, 'stateDir' | 'listen'>, token = ''): Transport {
  const authorise: Interceptor = (next) => (request) => {
    if (token) request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
  const { host, port } = reachable(config.listen);
  return createConnectTransport({
    baseUrl: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    httpVersion: '1.1',
    interceptors: [authorise],
    nodeOptions: {
      ca: readFileSync(join(config.stateDir, 'ca.pem'), 'utf8'),
      checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
        checkServerIdentity(CONTROL_PLANE_NAME, certificate),
    },
  });
}
