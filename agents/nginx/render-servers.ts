import { keyOf } from '@berth/proto/contract/resource.ts';
import type { CheckedCertificate } from './check-certificate.ts';
import { pageLocation } from './error-pages.ts';
import type { Layout, Place, Site } from './layout.ts';
import { passwordFile, renderNowhere, renderPlace } from './render-location.ts';
import type { IngressOptions } from './render-options.ts';
import type { FileSink } from './render-shards.ts';
import { type SignInFacts, signInLocations } from './render-sign-in.ts';

/** Writes the files of each certificate. */
export function renderCertificates(certificates: readonly CheckedCertificate[], sink: FileSink): void {
  for (const certificate of certificates) {
    const owners = [keyOf(certificate.resource)];
    sink(`certificates/${certificate.id}.pem`, { content: certificate.chainPem, owners });
    sink(`certificates/${certificate.id}.key`, { content: certificate.keyPem, mode: 0o600, owners });
  }
}

/**
 * Writes `sites/ID.conf` with the servers of each certificate, and `layouts/ID.conf` with the locations of each
 * layout, which servers of several certificates may have in common.
 */
export function renderSites(
  sites: readonly Site[],
  options: IngressOptions,
  signIn: SignInFacts,
  sink: FileSink,
): void {
  sink('pages.conf', { content: pageLocation() });
  for (const layout of new Map(sites.map((site) => [site.layout.id, site.layout])).values()) {
    renderLayout(layout, options, signIn, sink);
  }
  for (const [{ id, resource }, servers] of Map.groupBy(sites, (site) => site.certificate)) {
    const content = servers.map((site) => server(site, options)).join('');
    sink(`sites/${id}.conf`, { content, owners: content.split('\n').map(() => keyOf(resource)) });
  }
}

function renderLayout(layout: Layout, options: IngressOptions, signIn: SignInFacts, sink: FileSink): void {
  const { config, http3 } = options;
  const altSvc = http3 ? `'h3=":${config.httpsPort}"; ma=86400'` : undefined;
  const facts = { config, layout, altSvc, plain: answersPlain(layout) };
  const lines: string[] = [];
  const owners: (readonly string[])[] = [];
  for (const [index, place] of layout.places.entries()) {
    const text = renderPlace(place, index, facts);
    lines.push(...text);
    owners.push(...text.map(() => layout.owners.get(place.path) ?? []));
    renderPasswords(place, options, sink);
  }
  if (!layout.places.some(({ path }) => path === '')) lines.push(...renderNowhere());
  lines.push(...signInLocations(layout.places, signIn, config));
  sink(`layouts/${layout.id}.conf`, { content: `${lines.join('\n')}\n`, owners });
}

/** Workers read passwords at each request, so the file is theirs, and theirs alone. */
function renderPasswords({ options: { basicAuth } }: Place, { userId }: IngressOptions, sink: FileSink): void {
  if (!basicAuth) return;
  const owner = userId === undefined ? {} : { uid: userId };
  sink(passwordFile(basicAuth), { content: basicAuth.passwords, mode: 0o600, ...owner });
}

/** Whether a layout's servers answer over plain HTTP, too. */
export function answersPlain({ places }: Layout): boolean {
  return places.some(({ options }) => options.plainHttp);
}

// What is no challenge of ours goes on: a guest may have its own.
const CHALLENGE = `  if ($berth_challenge) {
    return 200 $berth_challenge;
  }
`;

function server({ certificate, layout, names }: Site, options: IngressOptions): string {
  const plain = answersPlain(layout);
  const listens = [...listenTls(options, ''), ...(plain ? listenPlain(options, '') : [])];
  return `server {
  ${listens.join('\n  ')}
  server_name
    ${names.join('\n    ')};
  ssl_certificate certificates/${certificate.id}.pem;
  ssl_certificate_key certificates/${certificate.id}.key;
${plain ? CHALLENGE : ''}  include pages.conf;
  include layouts/${layout.id}.conf;
}
`;
}

/** The `listen` lines of a TLS server; `extra` is for the default one. */
export function listenTls(options: IngressOptions, extra: string): string[] {
  const { build, config, listen, http3, proxyProtocol } = options;
  const parameters = `${build.http2Directive ? '' : ' http2'}${proxyProtocol ? ' proxy_protocol' : ''}${extra}`;
  const tcp = listen.map((address) => `listen ${address}:${config.httpsPort} ssl${parameters};`);
  const quicExtra = extra && `${extra} reuseport`;
  const udp = http3 ? listen.map((address) => `listen ${address}:${config.httpsPort} quic${quicExtra};`) : [];
  return [...tcp, ...udp, ...(build.http2Directive ? ['http2 on;'] : [])];
}

/** The `listen` lines of a server of plain HTTP; `extra` is for the default one. */
export function listenPlain({ config, listen, proxyProtocol }: IngressOptions, extra: string): string[] {
  return listen.map(
    (address) => `listen ${address}:${config.httpPort}${proxyProtocol ? ' proxy_protocol' : ''}${extra};`,
  );
}
