import { ERROR_HEADER } from './error-pages.ts';
import type { IngressOptions } from './render-options.ts';
import { requestHeaders, setHeaders } from './request-headers.ts';
import { TLS_LINES } from './tls-settings.ts';

/** Media types that are worth compressing; text/event-stream is not among them, since it must not be held back. */
const GZIP_TYPES = [
  'application/javascript',
  'application/json',
  'application/manifest+json',
  'application/rss+xml',
  'application/wasm',
  'application/xml',
  'image/svg+xml',
  'text/css',
  'text/csv',
  'text/javascript',
  'text/markdown',
  'text/plain',
  'text/xml',
];

/** What holds for every HTTP server. */
export function renderBase(options: IngressOptions): string {
  const { config } = options;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${config.rootDir}/tmp/${name};`)
    .join('\n');
  return `${temporary}
  server_tokens off;
  default_type application/octet-stream;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 10000;
  request_pool_size 12k;
${keptWhileLeaving(options)}  large_client_header_buffers 8 16k;
  client_max_body_size 0;
  limit_req_status 429;
  limit_req_log_level notice;
  limit_conn_status 429;
  limit_conn_log_level notice;
  gzip_types ${GZIP_TYPES.join(' ')};
  gzip_proxied any;
  gzip_vary on;
  gzip_min_length 256;
  ${TLS_LINES.join('\n  ')}
  ssl_session_cache shared:berth:10m;
${realAddress(options)}${proxying()}
  ${setHeaders(requestHeaders(config, false)).join('\n  ')}`;
}

// A worker that leaves closes idle connections at once, also one on which a request is just under way to it; clients ask
// again (RFC 9112, 9.3.1), but not for what cannot be repeated. Newer nginx waits, and says "close" in its last answer.
function keptWhileLeaving({ build }: IngressOptions): string {
  return build.keepaliveMinTimeout ? '  keepalive_min_timeout 1s;\n' : '';
}

/** Whom to believe about where a client is. */
function realAddress({ trustedProxies, proxyProtocol }: IngressOptions): string {
  if (trustedProxies.length === 0) return '';
  return `${trustedProxies.map((network) => `  set_real_ip_from ${network};\n`).join('')}  real_ip_header ${proxyProtocol ? 'proxy_protocol' : 'X-Forwarded-For'};
  real_ip_recursive on;
`;
}

// An idle WebSocket lives for an hour; a response and an upload are passed on as they come. `proxy_next_upstream off`
// is what keeps a request from ever reaching the neighbour of its backend (see slots.ts). What a guest answers never
// sends nginx to another place of the same host.
function proxying(): string {
  return `  proxy_http_version 1.1;
  proxy_next_upstream off;
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  proxy_busy_buffers_size 32k;
  proxy_connect_timeout 10s;
  proxy_send_timeout 1h;
  proxy_read_timeout 1h;
  proxy_socket_keepalive on;
  proxy_ssl_protocols TLSv1.2 TLSv1.3;
  proxy_ssl_server_name on;
  proxy_ssl_name $host;
  proxy_headers_hash_max_size 2048;
  proxy_headers_hash_bucket_size 256;
  proxy_hide_header ${ERROR_HEADER};
  proxy_ignore_headers X-Accel-Redirect;`;
}
