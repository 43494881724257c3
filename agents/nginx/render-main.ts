import type { CheckedStream } from './check-streams.ts';
import { pageMaps } from './error-pages.ts';
import { hashSizes } from './hash-sizes.ts';
import { renderBase } from './render-base.ts';
import { httpMaps, type MapFacts } from './render-maps.ts';
import type { IngressOptions } from './render-options.ts';
import { listenPlain, listenTls } from './render-servers.ts';
import { streamBlock } from './render-streams.ts';

/** Sizes and facts of a plan that the main file needs. */
export type MainFacts = MapFacts & {
  readonly releaseId: string;
  /** Name of its directory. */
  readonly releaseName: string;
  /** Keys of the routes' maps. */
  readonly hosts: readonly string[];
  readonly serverNames: readonly string[];
  readonly challengePaths: readonly string[];
  readonly streams: readonly CheckedStream[];
};

/** `nginx.conf`: everything that is there once, and the includes. */
export function renderMain(options: IngressOptions, facts: MainFacts): string {
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
${renderBase(options)}
${hashes(facts)}
${renderRelease(options, facts)}
${httpMaps(config, facts)}
${pageMaps(config.texts)}
${servers(options, facts)}
  include upstreams/*.conf;
  include sites/*.conf;
}
${streamBlock(facts.streams, options)}`;
}

// What workers read while they serve, they read from the release they were made for: "current" may be the next by then.
function renderRelease({ config }: IngressOptions, { releaseName }: MainFacts): string {
  return `  map "" $berth_release {
    default ${config.rootDir}/releases/${releaseName};
  }`;
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

const CONNECTIONS = `
    location = /connections {
      stub_status;
    }`;

// Names that are not served: no handshake over TLS, and over HTTP a page that tells nothing.
function servers(options: IngressOptions, facts: MainFacts): string {
  const { config } = options;
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
  const connections = options.build.stubStatus ? CONNECTIONS : '';
  return `  server {
    listen unix:${config.runDir}/status.sock;
    access_log off;
    default_type text/plain;
    location = / {
      return 200 "${facts.releaseId} $pid";
    }${connections}
  }
  server {
    ${listenPlain(options, ' default_server').join('\n    ')}
    server_name _;
    include pages.conf;
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
  }
  server {
    ${listenTls(options, ' default_server').join('\n    ')}
    server_name _;
    ssl_reject_handshake on;
    include pages.conf;
    location / {
      return 404;
    }
  }`;
}
