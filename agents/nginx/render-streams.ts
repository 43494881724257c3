/**
 * The stream servers: one for each port. Where several names share a port, the name a client asks for leads to its
 * backend by a map; one that is not there gets no handshake.
 *
 * Where TLS ends here, a server needs a certificate for each of its names. nginx before 1.25.5 has no names for stream
 * servers, but takes certificate and key from variables. As file names those would be opened by the workers, who then
 * had to be able to read the keys; as `data:` the keys stand in a map, which the master reads as root, 0600 like every
 * key.
 */

import { keyOf } from '@berth/proto/contract/resource.ts';
import type { CheckedCertificate } from './check-certificate.ts';
import type { CheckedStream } from './check-streams.ts';
import { pemBlocks } from './escape.ts';
import { hashSizes } from './hash-sizes.ts';
import { accessLines } from './render-access.ts';
import type { IngressOptions } from './render-options.ts';
import { type FileSink, type Line, linesOf } from './render-shards.ts';
import { portOf } from './settle-streams.ts';
import { groupCount } from './slots.ts';
import { TLS_LINES } from './tls-settings.ts';

/** What streams are made of. */
export type StreamParts = {
  readonly streams: readonly CheckedStream[];
  readonly certificates: readonly CheckedCertificate[];
};

/** Writes `streams/N.conf`, by shards of ports, and the maps of names. */
export function renderStreams({ streams, certificates }: StreamParts, options: IngressOptions, sink: FileSink): void {
  const count = groupCount(streams.length);
  const byPort = [...Map.groupBy(streams, portOf).values()];
  for (const [index, ports] of Map.groupBy(byPort, ([stream]) => (stream?.port ?? 0) & (count - 1))) {
    const lines = ports.flatMap((sharing) => streamServer(sharing, options));
    sink(`streams/${index}.conf`, linesOf(lines));
    const named = ports.flat().filter(({ host }) => host !== '');
    if (named.length > 0) sink(`names/${index}.map`, linesOf(named.map(nameLine)));
  }
  renderStreamKeys(streams, certificates, sink);
}

function streamServer(sharing: readonly CheckedStream[], options: IngressOptions): Line[] {
  const [stream] = sharing;
  if (!stream) return [];
  const owner = sharing.map(({ resource }) => keyOf(resource));
  const text = `server { ${[...listens(stream, options), ...directives(stream)].join(' ')} }`;
  return [{ text, owner }];
}

function listens({ protocol, port, tls }: CheckedStream, { listen, proxyProtocol }: IngressOptions): string[] {
  // Without its own socket per worker, the packets of one UDP client would be spread over all workers.
  const tcp = `${tls === 'terminate' ? 'ssl ' : ''}${proxyProtocol ? 'proxy_protocol ' : ''}so_keepalive=on`;
  const parameters = protocol === 'udp' ? 'udp reuseport' : tcp;
  return listen.map((address) => `listen ${address}:${port} ${parameters};`);
}

function directives({ protocol, backend, tls, access, sendProxyProtocol }: CheckedStream): string[] {
  const certificate = ['ssl_certificate data:$berth_chain;', 'ssl_certificate_key data:$berth_key;'];
  return [
    ...accessLines(access),
    ...(tls === 'pass-through' ? ['ssl_preread on;'] : []),
    ...(tls === 'terminate' ? certificate : []),
    ...(sendProxyProtocol ? ['proxy_protocol on;'] : []),
    `proxy_pass ${tls === 'none' ? backend : TARGETS[tls]};`,
    protocol === 'udp' ? 'proxy_timeout 60s;' : 'proxy_socket_keepalive on;',
  ];
}

const TARGETS = { terminate: '$berth_named', 'pass-through': '$berth_passed' } as const;

function nameLine(stream: CheckedStream): Line {
  return { text: `${stream.port}/${stream.host} ${stream.backend};`, owner: keyOf(stream.resource) };
}

function renderStreamKeys(
  streams: readonly CheckedStream[],
  certificates: readonly CheckedCertificate[],
  sink: FileSink,
): void {
  const ended = streams.filter(({ tls }) => tls === 'terminate');
  if (ended.length === 0) return;
  const byName = new Map(certificates.map((certificate) => [certificate.name, certificate]));
  const chosen = ended.flatMap((stream) => {
    const certificate = byName.get(stream.certificate);
    return certificate ? [{ stream, certificate }] : [];
  });
  const used = new Set(chosen.map(({ certificate }) => certificate));
  const lines = chosen.map(({ stream, certificate }) => ({
    text: `${stream.port}/${stream.host} ${certificate.id};`,
    owner: keyOf(stream.resource),
  }));
  sink('stream-certificates.map', linesOf(lines));
  sink('stream-chains.map', { content: [...used].map(({ id, chainPem }) => entry(id, chainPem)).join('') });
  sink('stream-keys.map', { content: [...used].map(({ id, keyPem }) => entry(id, keyPem)).join(''), mode: 0o600 });
}

function entry(id: string, pem: string): string {
  return `${id} "${pemBlocks(pem)}";\n`;
}

/** The `stream` block of the main file; empty without streams. */
export function streamBlock(streams: readonly CheckedStream[], options: IngressOptions): string {
  if (streams.length === 0) return '';
  const { config, proxyProtocol, trustedProxies, build } = options;
  const trusted = proxyProtocol && build.streamRealIp ? trustedProxies : [];
  return `stream {
  proxy_connect_timeout 10s;
  proxy_timeout 24h;
${[...trusted.map((network) => `  set_real_ip_from ${network};\n`)].join('')}${namedBlock(streams, config.runDir)}  include streams/*.conf;
}
`;
}

function namedBlock(streams: readonly CheckedStream[], runDir: string): string {
  const named = streams.filter(({ host }) => host !== '');
  if (named.length === 0) return '';
  const longest = named.reduce((most, { host }) => Math.max(most, host.length + 6), 16);
  const { maxSize, bucketSize } = hashSizes(named.length, longest);
  const nowhere = `unix:${runDir}/nowhere.sock`;
  const passed = named.some(({ tls }) => tls === 'pass-through');
  const ended = named.some(({ tls }) => tls === 'terminate');
  return `  map_hash_max_size ${maxSize};
  map_hash_bucket_size ${bucketSize};
${passed ? targetMap('ssl_preread_server_name', 'berth_passed', nowhere) : ''}${ended ? ENDED(nowhere) : ''}  server {
    listen ${nowhere};
    return "";
  }
`;
}

function targetMap(name: string, variable: string, otherwise: string): string {
  return `  map $server_port/$${name} $${variable} {
    default ${otherwise};
    include names/*.map;
  }
`;
}

const ENDED = (nowhere: string) => `  ${TLS_LINES.join('\n  ')}
${targetMap('ssl_server_name', 'berth_named', nowhere)}  map $server_port/$ssl_server_name $berth_certificate {
    default "";
    include stream-certificates.map;
  }
  map $berth_certificate $berth_chain {
    default "";
    include stream-chains.map;
  }
  map $berth_certificate $berth_key {
    default "";
    include stream-keys.map;
  }
`;
