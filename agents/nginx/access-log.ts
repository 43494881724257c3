/**
 * What is written about each request: one JSON object a line. nginx escapes what a client says (`escape=json`), and a
 * status that is none (HTTP/0.9 and connections that end early have "009" and "000") becomes 0, so every line is JSON
 * whatever was sent.
 */

import { keyOf } from '@berth/proto/contract/resource.ts';
import type { CheckedRoute } from './check-routes.ts';
import { resourceName } from './escape.ts';
import { type FileSink, type Line, linesOf } from './render-shards.ts';
import { groupCount, groupOf } from './slots.ts';

/** Fields by name: a variable of nginx's, or a pair of it and `number` for what is written without quotes. */
const FIELDS: readonly (readonly [string, string, 'number'?])[] = [
  ['at', 'time_iso8601'],
  ['client', 'remote_addr'],
  ['host', 'host'],
  ['method', 'request_method'],
  ['uri', 'request_uri'],
  ['status', 'berth_status', 'number'],
  ['bytes', 'body_bytes_sent', 'number'],
  ['seconds', 'request_time', 'number'],
  ['backend', 'upstream_addr'],
  ['backend_seconds', 'upstream_response_time'],
  ['protocol', 'server_protocol'],
  ['tls', 'ssl_protocol'],
  ['agent', 'http_user_agent'],
  ['referer', 'http_referer'],
  ['id', 'request_id'],
  ['service', 'berth_route'],
  ['user', 'berth_user'],
];

/** The directives that write it; `file` undefined: nothing is written. */
export function accessLog(file: string | undefined): string {
  if (file === undefined) return '  access_log off;';
  const fields = FIELDS.map(([name, variable, kind]) => `"${name}":${kind ? `$${variable}` : `"$${variable}"`}`);
  return `  log_format berth escape=json '{${fields.join(`,'\n    '`)}}';
  access_log ${file} berth buffer=64k flush=1s;`;
}

/** The maps behind its variables. @param signIn whether anybody signs in before an app */
export function accessLogMaps(signIn: boolean): string {
  return `  map $status $berth_status {
    default $status;
    000 0;
    009 0;
  }
  map $host$berth_prefix $berth_route {
    default "";
    include routes/*.map;
  }
  map $remote_user $berth_user {
    default $remote_user;
    "" ${signIn ? '$berth_x_preferred_username' : '""'};
  }`;
}

/** Writes `routes/N.map`: host and prefix → name of the route. Names that nginx would read otherwise are left out. */
export function renderRouteNames(routes: readonly CheckedRoute[], sink: FileSink): void {
  const count = groupCount(routes.length);
  for (const [index, some] of Map.groupBy(routes, ({ backend }) => groupOf(backend, count))) {
    const lines = some.map(lineOf).filter((line) => line !== undefined);
    if (lines.length > 0) sink(`routes/${index}.map`, linesOf(lines));
  }
}

// Plans share their unchanged routes.
const known = new WeakMap<CheckedRoute, Line>();

function lineOf(route: CheckedRoute): Line | undefined {
  const made = known.get(route);
  if (made) return made;
  const name = resourceName(route.resource.name);
  if (name === undefined) return undefined;
  const line = { text: `${route.host}${route.path} ${name};`, owner: keyOf(route.resource) };
  known.set(route, line);
  return line;
}
