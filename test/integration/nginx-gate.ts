/** The gate of the real nginx, with a control plane, an oauth2-proxy and an app that say what a test wants. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { type Resource, SignInBy } from '@berth/proto/agent/v1/resource_pb.js';
import { makeResource } from '@berth/proto/contract/resource.ts';
import { makeTestCertificate } from './nginx-certificate.ts';
import { certificate, NginxHost, type RouteExtras, route } from './nginx-host.ts';

/** Name in the control plane's certificate. */
export const CONTROL_PLANE = 'control-plane.berth.internal';

/** A question about sign-in. */
type Asked = { url: string; method: string; headers: IncomingHttpHeaders };
type Told = { status: number; headers?: Record<string, string> };

/** Port of a server that listens. */
export const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** What the app got of a request, as it tells it. */
export const reached = ({ body }: { body: string }) =>
  JSON.parse(body) as { url: string; headers: IncomingHttpHeaders };

/** A route's wish to have people sign in. */
export function wants(
  signIn: { by?: SignInBy; serviceId?: string; openPaths?: string[] },
  plainHttp = false,
): RouteExtras {
  return { options: { signIn: { by: SignInBy.BERTH, serviceId: 'svc-1', ...signIn }, plainHttp }, domain: 'apps.lab' };
}

/** Where the control plane is, and how nginx knows it. */
export const ingress = (port: number, pem: string, name = CONTROL_PLANE): Resource =>
  makeResource('ingress', {
    case: 'ingress',
    value: {
      controlPlaneUrl: `https://127.0.0.1:${port}`,
      controlPlaneName: name,
      controlPlaneCaPem: pem,
      publicUrl: 'https://berth.example',
    },
  });

/** Status of a request to a host whose head is written as it is. */
export function rawStatus(host: NginxHost, servername: string, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: host.httpsPort, servername, rejectUnauthorized: false });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0)));
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  });
}

/** An nginx with routes of every kind of sign-in, and those whom it asks. */
export class NginxGate {
  readonly host: NginxHost;
  readonly controlPlane: Server;
  readonly proxy: Server;
  readonly app: Server;
  /** PEM of what the control plane's certificate is signed with. */
  readonly trusted: string;
  readonly #asking: Asking;

  private constructor(host: NginxHost, servers: Servers, trusted: string, asking: Asking) {
    this.host = host;
    this.controlPlane = servers.controlPlane;
    this.proxy = servers.proxy;
    this.app = servers.app;
    this.trusted = trusted;
    this.#asking = asking;
  }

  /** Starts all of them; nobody has been asked anything then. */
  static async start(): Promise<NginxGate> {
    const { chainPem, keyPem } = await makeTestCertificate([CONTROL_PLANE]);
    const asking: Asking = { asked: [], answer: { status: 401 } };
    const servers = await startServers(asking, chainPem, keyPem);
    const gate = new NginxGate(await NginxHost.start(), servers, chainPem, asking);
    const report = await gate.host.apply(...(await gate.#resources()));
    if (report.status !== 'running' || report.errors.length > 0) throw new Error(JSON.stringify(report.errors));
    return gate;
  }

  /** What the control plane and the oauth2-proxy were asked since the last `forget`. */
  get asked(): readonly Asked[] {
    return this.#asking.asked;
  }

  /** Sets what both answer from now on. */
  answers(answer: Told): void {
    this.#asking.answer = answer;
  }

  /** Forgets what both were asked. */
  forget(): void {
    this.#asking.asked = [];
  }

  async close(): Promise<void> {
    await this.host.close();
    for (const server of [this.controlPlane, this.proxy, this.app]) {
      server.closeAllConnections();
      server.close();
    }
  }

  async #resources(): Promise<Resource[]> {
    const [app, proxyUrl] = [portOf(this.app), `http://127.0.0.1:${portOf(this.proxy)}`];
    return [
      await certificate('apps', '*.apps.lab'),
      makeResource('apps.lab', { case: 'domain', value: { oauth2ProxyUrl: proxyUrl } }),
      ingress(portOf(this.controlPlane), this.trusted),
      route('wiki.apps.lab', app, wants({ openPaths: ['/hooks', '/.well-known/x'] })),
      route('wiki.apps.lab', app, { path: '/public' }),
      route('wiki.apps.lab', app, { path: '/inner', ...wants({ serviceId: 'svc-2' }) }),
      route('clear.apps.lab', app, wants({}, true)),
      route('proxied.apps.lab', app, wants({ by: SignInBy.OAUTH2_PROXY })),
      route('open.apps.lab', app),
    ];
  }
}

type Asking = { asked: Asked[]; answer: Told };
type Servers = { controlPlane: Server; proxy: Server; app: Server };

async function startServers(asking: Asking, cert: string, key: string): Promise<Servers> {
  const say = (request: Asked, response: { writeHead(status: number, headers?: object): { end(): void } }) => {
    asking.asked.push(request);
    response.writeHead(asking.answer.status, asking.answer.headers).end();
  };
  const secure = createSecureServer({ cert, key }, (incoming, response) => say(incoming as Asked, response));
  const app = createServer((incoming, response) => {
    if (incoming.url === '/fails') response.statusCode = 500;
    if (incoming.url === '/refuses') response.statusCode = 401;
    response.setHeader('set-cookie', 'own=1');
    response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }));
  });
  return {
    controlPlane: await listening(secure as unknown as Server),
    proxy: await listening(createServer((incoming, response) => say(incoming as Asked, response))),
    app: await listening(app),
  };
}

async function listening<T extends Server>(server: T): Promise<T> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
