import { ERROR_HEADER, errorLocations } from './error-pages.ts';
import { hashSizes } from './hash-sizes.ts';
import type { RenderOptions } from './render-options.ts';
import { listenTls } from './render-servers.ts';

/** Sizes and facts of a plan that the main file needs. */
export type MainFacts = {
  readonly releaseId: string;
  readonly hosts: readonly string[];
  readonly serverNames: readonly string[];
  readonly challengePaths: readonly string[];
  readonly streams: boolean;
};

/** `nginx.conf`: everything that is there once, and the includes. */
export function renderMain(options: RenderOptions, facts: MainFacts): string {
  const { config, user, streamModule } = options;
  return `# Written by berth-agent. Changes made here are undone and reported.
${user === undefined ? '' : `user ${user};\n`}worker_processes ${config.workers};
worker_rlimit_nofile ${2 * config.workerConnections};
worker_shutdown_timeout ${config.workerShutdownSeconds}s;
pid ${config.runDir}/nginx.pid;
error_log ${config.runDir}/error.log warn;
${streamModule === undefined ? '' : `load_module ${streamModule};\n`}events {
  worker_connections ${config.workerConnections};
}
http {
${httpBase(options)}
${hashes(facts)}
${maps()}
${servers(options, facts)}
  include upstreams/*.conf;
  include sites/*.conf;
}
${facts.streams ? streams() : ''}`;
}

function httpBase({ config }: RenderOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${config.rootDir}/tmp/${name};`)
    .join('\n');
  return `${temporary}
  server_tokens off;
${accessLog(config.accessLog)}
  default_type application/octet-stream;
  tcp_nodelay on;
  keepalive_timeout 75s;
  large_client_header_buffers 8 16k;
  client_max_body_size 0;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
  ssl_session_cache shared:berth:10m;
  ssl_session_timeout 1d;
  ssl_session_tickets off;
${proxying(config.httpsPort)}`;
}

function accessLog(file: string | undefined): string {
  if (file === undefined) return '  access_log off;';
  return `  log_format berth escape=json '{"at":"$time_iso8601","client":"$remote_addr","host":"$host",'
    '"method":"$request_method","uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,'
    '"seconds":$request_time,"backend":"$upstream_addr"}';
  access_log ${file} berth buffer=64k flush=1s;`;
}

// An idle WebSocket lives for an hour; a response and an upload are passed on as they come. `proxy_next_upstream off`
// is what keeps a request from ever reaching the neighbour of its backend (see slots.ts).
function proxying(httpsPort: number): string {
  const host = httpsPort === 443 ? '$host' : `$host:${httpsPort}`;
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
  proxy_ssl_server_name on;
  proxy_ssl_name $host;
  proxy_headers_hash_max_size 1024;
  proxy_hide_header ${ERROR_HEADER};
  proxy_set_header Host ${host};
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $berth_connection;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host ${host};
  proxy_set_header X-Forwarded-Port ${httpsPort};`;
}

function hashes({ hosts, serverNames, challengePaths }: MainFacts): string {
  const keys = [...hosts, ...challengePaths];
  const map = hashSizes(Math.max(hosts.length, challengePaths.length), longest(keys));
  const names = hashSizes(serverNames.length, longest(serverNames));
  return `  map_hash_max_size ${map.maxSize};
  map_hash_bucket_size ${map.bucketSize};
  server_names_hash_max_size ${names.maxSize};
  server_names_hash_bucket_size ${names.bucketSize};`;
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}

function maps(): string {
  return `  map $http_upgrade $berth_connection {
    default upgrade;
    "" "";
  }
  map $host $berth_backend {
    default "";
    include backends/*.map;
  }
  map $host $berth_slot {
    default 0;
    include slots/*.map;
  }
  map $berth_backend $berth_scheme {
    default http;
    ~^https https;
  }
  map "$request_method $upstream_connect_time" $berth_on_502 {
    default @bad_gateway;
    "~^(?:GET|HEAD|OPTIONS) [0-9.]+$" @again;
  }
  map $upstream_http_strict_transport_security $berth_sts {
    default "";
    "" $berth_hsts;
  }
  map $host$uri $berth_challenge {
    default "";
    include challenges.map;
  }`;
}

// Names that are not served: no handshake over TLS, and over HTTP a page that tells nothing. The variable is set here
// so that it is known to nginx where there is no site that sets it.
function servers(options: RenderOptions, facts: MainFacts): string {
  const { config, listen } = options;
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
  return `  server {
    listen unix:${config.runDir}/status.sock;
    default_type text/plain;
    return 200 "${facts.releaseId} $pid";
  }
  server {
    ${listen.map((address) => `listen ${address}:${config.httpPort} default_server;`).join('\n    ')}
    server_name _;
    error_page 404 @not_found;
    location / {
      if ($berth_backend = "") {
        return 404;
      }
      return 301 https://$host${port}$request_uri;
    }
    location /.well-known/acme-challenge/ {
      default_type text/plain;
      if ($berth_challenge = "") {
        return 404;
      }
      return 200 $berth_challenge;
    }
    include pages.conf;
  }
  server {
    ${listenTls(options, ' default_server').join('\n    ')}
    server_name _;
    ssl_reject_handshake on;
    set $berth_hsts "";
    error_page 404 @not_found;
    location / {
      return 404;
    }
    include pages.conf;
  }`;
}

function streams(): string {
  return `stream {
  proxy_connect_timeout 10s;
  proxy_timeout 24h;
  include streams/*.conf;
}
`;
}

/** `pages.conf`: the error pages, for servers that route nothing. */
export function renderPages({ config }: RenderOptions): string {
  return `${errorLocations(config.texts)}\n`;
}
