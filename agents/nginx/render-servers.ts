import type { CheckedCertificate } from './check-certificate.ts';
import type { CheckedRoute } from './check-routes.ts';
import { errorLocations } from './error-pages.ts';
import type { RenderOptions } from './render-options.ts';
import type { FileSink, KeyOf } from './render-shards.ts';

/** Name patterns per certificate: none twice, and every route's host leads to the certificate the route asks for. */
export function serverNames(
  certificates: readonly CheckedCertificate[],
  routes: readonly CheckedRoute[],
): Map<CheckedCertificate, string[]> {
  const owners = new Map<string, CheckedCertificate>();
  for (const certificate of certificates) {
    for (const name of certificate.names) if (!owners.has(name)) owners.set(name, certificate);
  }
  const byName = new Map(certificates.map((certificate) => [certificate.name, certificate]));
  for (const { host, certificate } of routes) {
    const wanted = byName.get(certificate);
    const found = owners.get(host) ?? owners.get(`*${host.slice(host.indexOf('.'))}`);
    if (wanted && found !== wanted) owners.set(host, wanted);
  }
  const names = new Map(certificates.map((certificate): [CheckedCertificate, string[]] => [certificate, []]));
  for (const [name, certificate] of owners) names.get(certificate)?.push(name);
  return names;
}

/** Writes `sites/ID.conf` and the certificate's files for each certificate: one server, whatever its routes. */
export function renderSites(
  names: ReadonlyMap<CheckedCertificate, readonly string[]>,
  options: RenderOptions,
  keyOf: KeyOf,
  sink: FileSink,
): void {
  for (const [certificate, patterns] of names) {
    const owners = [keyOf(certificate)];
    sink(`certificates/${certificate.id}.pem`, { content: certificate.chainPem, owners });
    sink(`certificates/${certificate.id}.key`, { content: certificate.keyPem, mode: 0o600, owners });
    if (patterns.length === 0) continue;
    const content = site(certificate, [...patterns].sort(), options);
    sink(`sites/${certificate.id}.conf`, { content, owners: content.split('\n').map(() => keyOf(certificate)) });
  }
}

function site(certificate: CheckedCertificate, names: readonly string[], options: RenderOptions): string {
  return `server {
  ${listenTls(options, '').join('\n  ')}
  server_name
    ${names.join('\n    ')};
  ssl_certificate certificates/${certificate.id}.pem;
  ssl_certificate_key certificates/${certificate.id}.key;
  set $berth_hsts "${certificate.selfSigned ? '' : 'max-age=31536000'}";
  include routes.conf;
}
`;
}

/** The `listen` lines of a TLS server; `extra` is for the default one. */
export function listenTls({ build, config, listen, http3 }: RenderOptions, extra: string): string[] {
  const http2 = build.http2Directive ? '' : ' http2';
  const tcp = listen.map((address) => `listen ${address}:${config.httpsPort} ssl${http2}${extra};`);
  const quicExtra = extra && `${extra} reuseport`;
  const udp = http3 ? listen.map((address) => `listen ${address}:${config.httpsPort} quic${quicExtra};`) : [];
  return [...tcp, ...udp, ...(build.http2Directive ? ['http2 on;'] : [])];
}

/** `routes.conf`: what all TLS servers have in common. */
export function renderRouting({ config, http3 }: RenderOptions): string {
  const altSvc = http3 ? `\n  add_header Alt-Svc 'h3=":${config.httpsPort}"; ma=86400';` : '';
  return `# Backends that do not answer get a page. A request that may be repeated (GET, HEAD, OPTIONS) and that failed
# after the connection stood, as on a kept one that its backend has just closed, goes once more on a new connection.
recursive_error_pages on;
error_page 404 @not_found;
error_page 502 = $berth_on_502;
error_page 504 @gateway_timeout;

location / {
  if ($berth_backend = "") {
    return 404;
  }
  add_header Strict-Transport-Security $berth_sts;${altSvc}
  proxy_pass $berth_backend;
}
location @again {
  internal;
  error_page 502 @bad_gateway;
  add_header Strict-Transport-Security $berth_sts;${altSvc}
  proxy_pass $berth_scheme://$upstream_addr;
}
${errorLocations(config.texts)}
`;
}
