/** A host of the nginx role for tests: the real nginx on loopback with high ports, in a directory of its own. */

import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NginxConfigInput, nginxConfigSchema } from '@berth/agents/nginx/config.ts';
import { createNginxRole } from '@berth/agents/nginx/role.ts';
import type { ApplyReport, Report, RoleModule } from '@berth/agents/shared/role.ts';
import {
  type HttpOptionsSchema,
  type Resource,
  StreamProtocol,
  type StreamTls,
} from '@berth/proto/agent/v1/resource_pb.js';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { seededRandom } from '@berth/proto/contract/random.ts';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeTestCertificate } from './nginx-certificate.ts';

const quiet = () => undefined;
const silentLog = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => silentLog as never };

/** An answer as a client sees it. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
};

/** What a request may be besides a bare GET from 127.0.0.1. */
export type Asked = { method?: string; body?: string | Buffer; headers?: OutgoingHttpHeaders; from?: string };

/** One nginx with its role. */
export class NginxHost {
  readonly directory: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly reports: Report[] = [];
  readonly resources = new Map<string, Resource>();
  applyRequests = 0;
  role: RoleModule;
  readonly #input: NginxConfigInput;

  private constructor(directory: string, input: NginxConfigInput & { httpPort: number; httpsPort: number }) {
    this.directory = directory;
    this.httpPort = input.httpPort;
    this.httpsPort = input.httpsPort;
    this.#input = input;
    this.role = createNginxRole(nginxConfigSchema.parse(input));
  }

  /** Starts the role; nginx itself starts with the first apply. */
  static async start(extra: NginxConfigInput = {}): Promise<NginxHost> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-nginx-'));
    // As on a host: the workers, who are not root, reach what is theirs in it.
    await chmod(directory, 0o711);
    const ports = { httpPort: await freePort(), httpsPort: await freePort() };
    const rootDir = join(directory, 'nginx');
    const host = new NginxHost(directory, {
      rootDir,
      listen: ['127.0.0.1'],
      manage: true,
      workers: 2,
      ...ports,
      ...extra,
    });
    await host.#startRole();
    return host;
  }

  async #startRole(): Promise<void> {
    await this.role.start({
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      stateDir: this.directory,
      report: (report) => this.reports.push(report),
      requestApply: () => {
        this.applyRequests += 1;
      },
    });
  }

  /** As after a restart of the agent: a new role that knows nothing. */
  async restartRole(): Promise<void> {
    await this.role.stop();
    this.role = createNginxRole(nginxConfigSchema.parse(this.#input));
    await this.#startRole();
  }

  /** Path below the role's root. */
  path(...parts: string[]): string {
    return join(this.directory, 'nginx', ...parts);
  }

  /** Puts resources into the set and applies it. */
  apply(...resources: Resource[]): Promise<ApplyReport> {
    for (const resource of resources) this.resources.set(keyOf(resource), resource);
    const changed = resources.length > 0 ? new Set(resources.map(keyOf)) : undefined;
    return this.role.apply({ generation: 1n, resources: new Map(this.resources), ...(changed && { changed }) });
  }

  /** An HTTPS request with this SNI and Host, certificate not verified. */
  get(host: string, path = '/', asked: Asked = {}): Promise<Answer> {
    const { method = 'GET', body, headers = {}, from } = asked;
    const address = { host: '127.0.0.1', port: this.httpsPort, servername: host, ...(from && { localAddress: from }) };
    const options = { ...address, headers: { host, ...headers }, path, method };
    return new Promise((resolve, reject) => {
      const call = request({ ...options, rejectUnauthorized: false, agent: false }, (response) => {
        collect(response).then((bytes) => resolve(answer(response.statusCode, response.headers, bytes)), reject);
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  /** A plain HTTP request. */
  getPlain(host: string, path = '/', headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const address = { host: '127.0.0.1', port: this.httpPort };
      const options = { ...address, headers: { host, ...headers }, path, agent: false };
      const call = plainRequest(options, (response) => {
        collect(response).then((bytes) => resolve(answer(response.statusCode, response.headers, bytes)), reject);
      });
      call.on('error', reject);
      call.end();
    });
  }

  /** Process id of nginx's master. */
  async masterPid(): Promise<number> {
    return Number(await readFile(this.path('run', 'nginx.pid'), 'utf8'));
  }

  /** Ends the role and nginx, and removes everything. */
  async close(): Promise<void> {
    await this.role.stop();
    const pid = await this.masterPid().catch(() => undefined);
    if (pid !== undefined) {
      process.kill(pid, 'SIGTERM');
      await waitFor(() => !isAlive(pid), { what: 'the end of nginx' });
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A certificate resource for these names. */
export async function certificate(name: string, ...dnsNames: string[]): Promise<Resource> {
  const { chainPem, keyPem } = await makeTestCertificate(dnsNames);
  return makeResource(name, { case: 'certificate', value: { dnsNames, chainPem, keyPem, selfSigned: true } });
}

/** What routes may differ in. */
export type RouteExtras = {
  address?: string;
  certificate?: string;
  domain?: string;
  path?: string;
  tls?: boolean;
  options?: MessageInitShape<typeof HttpOptionsSchema>;
};

/** A route to a port on loopback; it bears the name of its host and path. */
export function route(host: string, port: number, extras: RouteExtras = {}): Resource {
  const { address = '127.0.0.1', certificate = 'apps', domain = '', path = '', tls = false, options } = extras;
  const value = { host, path, certificate, domain, backend: { address, port, tls }, ...(options && { options }) };
  return makeResource(`${host}${path}`, { case: 'httpRoute', value });
}

/** What streams may differ in. */
export type StreamExtras = {
  tls?: StreamTls;
  host?: string;
  certificate?: string;
  sendProxyProtocol?: boolean;
  access?: { allow?: string[]; deny?: string[] };
};

/** A stream to a port on loopback. */
export function stream(
  protocol: 'tcp' | 'udp',
  externalPort: number,
  port: number,
  extras: StreamExtras = {},
): Resource {
  const value = {
    protocol: protocol === 'tcp' ? StreamProtocol.TCP : StreamProtocol.UDP,
    externalPort,
    backend: { address: '127.0.0.1', port },
    ...extras,
  };
  const name = `${protocol}-${externalPort}${extras.host ? `-${extras.host}` : ''}`;
  return makeResource(name, { case: 'streamRoute', value });
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(status: number | undefined, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
  return { status: status ?? 0, headers, bytes, body: bytes.toString('utf8') };
}
