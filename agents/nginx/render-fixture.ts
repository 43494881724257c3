/** A representative set for the tests of planning and rendering. */

import {
  type DomainSchema,
  type HttpOptionsSchema,
  type Resource,
  SignInBy,
  StreamProtocol,
  StreamTls,
} from '@berth/proto/agent/v1/resource_pb.js';
import { keyOf, makeResource } from '@berth/proto/contract/resource.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { nginxConfigSchema } from './config.ts';
import { parseBuild } from './nginx-build.ts';
import type { RenderOptions } from './render-options.ts';

/** An authority whose key nobody has. */
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUBEaiDbrA+5WYTftucUWSrrGlOz8wCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFQmVydGgwIBcNMjYxMTI0MjAzODMyWhgPMjEyNjEwMzEyMDM4
MzJaMBAxDjAMBgNVBAMMBUJlcnRoMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
wZmF6fsalyK/gkXmKYrzmMEkrhbCAGMvE6YgiI7dh3Qn43UIoKD7p9IgrspB6ly3
nYP3n66jb2HHb2vMm1kTUqNTMFEwHQYDVR0OBBYEFCxUQ0KItSl5ET0bw/M1JelG
Cy1VMB8GA1UdIwQYMBaAFCxUQ0KItSl5ET0bw/M1JelGCy1VMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgH6tN2z/+5zDmFlLqatn09YGCNf57okLB
xKQQyR5uhZgCIQCff5pXehbpPppYWeLR80dynlNhANWiKu7vOTA5PQPloQ==
-----END CERTIFICATE-----
`;

/** Ports of nginx's own in the fixture. */
export const RESERVED = new Set(['tcp/80', 'tcp/443']);

const STREAM_MODULES = '--with-stream_ssl_module --with-stream_ssl_preread_module --with-stream_realip_module';

/** Options as on Debian 12, or with a newer nginx that has HTTP/3. */
export function fixtureOptions(version: '1.22.1' | '1.25.1' | '1.27.4' = '1.22.1'): RenderOptions {
  const modern = version !== '1.22.1';
  const build = parseBuild(
    `nginx version: nginx/${version}\n${modern ? `--with-http_v3_module --with-stream ${STREAM_MODULES}` : `--with-stream=dynamic ${STREAM_MODULES}`}`,
  );
  return {
    config: nginxConfigSchema.parse({ workers: 2, ...(modern && { accessLog: false as const }) }),
    build,
    listen: ['0.0.0.0', '[::]'],
    user: 'www-data',
    ...(!modern && { streamModule: '/usr/lib/nginx/modules/ngx_stream_module.so' }),
    stream: true,
    http3: modern,
    slotted: true,
    addresses: new Map([['berth.example', ['192.0.2.1', '2001:db8::1']]]),
  };
}

/** What routes of the fixture may differ in. */
export type RouteExtras = {
  tls?: boolean;
  certificate?: string;
  domain?: string;
  path?: string;
  options?: MessageInitShape<typeof HttpOptionsSchema>;
};

/** A route of the fixture. */
export function httpRoute(host: string, address: string, extras: RouteExtras = {}): Resource {
  const { tls = false, certificate = 'apps', domain = 'apps.lab', path = '', options } = extras;
  const backend = { address, port: tls ? 443 : 80, tls };
  return makeResource(`${host}${path}`, {
    case: 'httpRoute',
    value: { host, certificate, domain, path, backend, ...(options && { options }) },
  });
}

/** A certificate of the fixture; its PEMs are placeholders. */
export function fixtureCertificate(name: string, selfSigned: boolean, ...dnsNames: string[]): Resource {
  return makeResource(name, {
    case: 'certificate',
    value: { dnsNames, chainPem: pem('CERTIFICATE', name), keyPem: pem('PRIVATE KEY', name), selfSigned },
  });
}

function pem(label: string, name: string): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(name).toString('base64')}\n-----END ${label}-----\n`;
}

/** A stream of the fixture. */
export function streamRoute(protocol: StreamProtocol, externalPort: number, port: number): Resource {
  const value = { protocol, externalPort, backend: { address: '10.64.0.7', port } };
  return makeResource(`${StreamProtocol[protocol]}-${externalPort}`, { case: 'streamRoute', value });
}

/** Resources by key. */
export function setOf(...resources: Resource[]): Map<string, Resource> {
  return new Map(resources.map((resource) => [keyOf(resource), resource]));
}

/** A domain of the fixture. */
export function domain(name: string, value: MessageInitShape<typeof DomainSchema>): Resource {
  return makeResource(name, { case: 'domain', value });
}

/** Routes that want more than being served, and two that share a host by its paths. */
function optionRoutes(): Resource[] {
  const rules = [{ name: 'X-Team', value: "it's ours" }, { name: 'Server-Timing' }];
  const limits = { maxBodyBytes: 1_048_576n, timeoutSeconds: 5, gzip: true };
  const rateLimit = { requestsPerSecond: 10, burst: 20, connections: 5 };
  return [
    httpRoute('split.apps.lab', '10.64.1.1'),
    httpRoute('split.apps.lab', '10.64.1.2', { path: '/api', options: { stripPath: true } }),
    httpRoute('split.apps.lab', '10.64.1.3', { path: '/api/v2', tls: true }),
    httpRoute('partial.apps.lab', '10.64.1.4', { path: '/only' }),
    httpRoute('plain.apps.lab', '10.64.1.5', { options: { plainHttp: true } }),
    httpRoute('ruled.apps.lab', '10.64.1.6', { options: { requestHeaders: rules, responseHeaders: rules } }),
    httpRoute('limited.apps.lab', '10.64.1.7', { options: { ...limits, rateLimit } }),
    httpRoute('inside.apps.lab', '10.64.1.8', { options: { access: { allow: ['10.1.2.3/8'], deny: ['10.9.9.9'] } } }),
    httpRoute('closed.apps.lab', '10.64.1.9', { options: { maintenance: { text: 'Back at 5 o’clock' } } }),
    httpRoute('dark.apps.lab', '10.64.1.10', { options: { maintenance: {} } }),
  ];
}

/** Routes that people sign in for, and whom that is asked of. */
function guardedRoutes(): Resource[] {
  const byBerth = (serviceId: string) => ({ by: SignInBy.BERTH, serviceId, openPaths: ['/hooks'] });
  const controlPlane = {
    controlPlaneUrl: 'https://berth.example:8443',
    controlPlaneName: 'control-plane.berth.internal',
    controlPlaneCaPem: AUTHORITY,
    publicUrl: 'https://berth.example:8443',
  };
  return [
    httpRoute('wiki.apps.lab', '10.64.2.1', { options: { signIn: byBerth('svc-1') } }),
    httpRoute('notes.apps.lab', '10.64.2.2', { options: { signIn: byBerth('svc-2') } }),
    httpRoute('guarded.shop.example', '10.64.2.3', {
      certificate: 'shop',
      domain: 'shop.example',
      options: { signIn: { by: SignInBy.OAUTH2_PROXY } },
    }),
    makeResource('ingress', { case: 'ingress', value: controlPlane }),
  ];
}

/** A stream that clients ask for by name. */
export function namedStream(host: string, externalPort: number, extras: Partial<StreamExtras> = {}): Resource {
  const { tls = StreamTls.PASS_THROUGH, address = '10.64.2.1', certificate = '', ...more } = extras;
  const backend = { address, port: externalPort };
  const value = { protocol: StreamProtocol.TCP, externalPort, backend, tls, host, certificate, ...more };
  return makeResource(`${externalPort}/${host}`, { case: 'streamRoute', value });
}

/** What named streams may differ in. */
export type StreamExtras = {
  tls: StreamTls;
  address: string;
  certificate: string;
  sendProxyProtocol: boolean;
  access: { allow?: string[]; deny?: string[] };
};

/** Databases that share a port by their names. */
function namedStreams(): Resource[] {
  const ended = { tls: StreamTls.TERMINATE, sendProxyProtocol: true };
  return [
    namedStream('db1.apps.lab', 5432),
    namedStream('db2.apps.lab', 5432, { address: 'fd00::2' }),
    namedStream('mq.apps.lab', 8883, { ...ended, certificate: 'apps' }),
    namedStream('shop.example', 8883, { ...ended, certificate: 'shop' }),
    namedStream('ldap.apps.lab', 6360, { access: { allow: ['192.0.2.0/24'] } }),
  ];
}

/** One of everything. */
export function fixtureSet(): Map<string, Resource> {
  const challenge = {
    host: 'web1.apps.lab',
    token: 'evaGxfADs6pSRb2LAv9IZ',
    keyAuthorization: 'evaGxfADs6pSRb2LAv9IZ.nP1qzpXGymHBrUEepNY9HCsQk7K8',
  };
  return setOf(
    fixtureCertificate('apps', true, '*.apps.lab'),
    fixtureCertificate('shop', false, 'shop.example', '*.shop.example'),
    fixtureCertificate('special', false, 'special.apps.lab', '*.apps.lab'),
    httpRoute('web1.apps.lab', '10.64.0.7'),
    httpRoute('web2.apps.lab', '10.64.0.8'),
    httpRoute('alias.apps.lab', '10.64.0.7'),
    httpRoute('six.apps.lab', 'fd00::7'),
    httpRoute('secure.apps.lab', '10.64.0.9', { tls: true }),
    httpRoute('other.apps.lab', '10.64.0.10', { certificate: 'special' }),
    httpRoute('shop.example', '10.64.0.11', { certificate: 'shop', domain: 'shop.example' }),
    streamRoute(StreamProtocol.TCP, 2201, 22),
    streamRoute(StreamProtocol.UDP, 5300, 53),
    ...namedStreams(),
    ...optionRoutes(),
    ...guardedRoutes(),
    domain('apps.lab', { hstsMaxAgeSeconds: 31_536_000 }),
    domain('shop.example', {
      hstsMaxAgeSeconds: 86_400,
      hstsIncludeSubdomains: true,
      hstsPreload: true,
      oauth2ProxyUrl: 'https://auth.shop.example',
    }),
    makeResource('challenge', { case: 'acmeChallenge', value: challenge }),
  );
}
