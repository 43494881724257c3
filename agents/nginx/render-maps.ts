import { accessLog } from './access-log.ts';
import type { NginxConfig } from './config.ts';
import type { Layout } from './layout.ts';
import { CONNECTION_ZONE, rateZone } from './render-location.ts';
import { answersPlain } from './render-servers.ts';
import type { SignInFacts } from './render-sign-in.ts';
import { plainMaps } from './request-headers.ts';
import { COOKIE_MAPS, signInBase } from './sign-in-maps.ts';

/** What the maps depend on. */
export type MapFacts = {
  /** Whether any route has a prefix of paths. */
  readonly paths: boolean;
  readonly layouts: readonly Layout[];
  readonly signIn: SignInFacts;
};

/** Bytes of memory for the clients of a rate; it has room for 32,000 that came within the last minute or so. */
const ZONE_SIZE = '4m';

/** The variables that requests are led and logged by; what nothing asks for is left out. */
export function httpMaps(config: NginxConfig, { paths, layouts, signIn }: MapFacts): string {
  const kinds = new Set(layouts.flatMap(({ places }) => places.map(({ options }) => options.signIn?.by)));
  const uses = { berth: kinds.has('berth'), oauth2: kinds.has('oauth2') };
  return [
    GENERAL,
    COOKIE_MAPS,
    ...(paths ? [PATHS] : []),
    ...(layouts.some(answersPlain) ? [plainMaps(config)] : []),
    ...hstsMaps(layouts),
    ...zones(layouts),
    ...signInBase(signIn, uses),
    accessLog(config.accessLog, uses.berth || uses.oauth2),
  ].join('\n');
}

// Nothing else has this connection (counted from the start of nginx on, which is not twice in a millisecond) and this
// place on it. nginx's own $request_id asks for sixteen random bytes, which cost a request a tenth of its time.
const REQUEST_ID = `  map "" $berth_request_id {
    default $msec-$connection-$connection_requests;
  }`;

const GENERAL = `  map $http_upgrade $berth_connection {
    default upgrade;
    "" "";
  }
  map $host $berth_backend {
    default "";
    include backends/*.map;
  }
  map $berth_backend $berth_scheme {
    default http;
    ~^https https;
  }
  map "$request_method $upstream_connect_time" $berth_repeatable {
    default "";
    "~^(?:GET|HEAD|OPTIONS) [0-9.]+$" yes;
  }
  map $host$uri $berth_challenge {
    default "";
    include challenges.map;
  }
  map "" $berth_prefix {
    default "";
  }
${REQUEST_ID}`;

// `$berth_prefix` is set by the location. What is behind the prefix is taken from the request as it was sent, so that
// an encoded slash stays one; where the prefix was written in another way, there is no rest.
const PATHS = `  map $host$berth_prefix $berth_path_backend {
    default "";
    include paths/*.map;
  }
  map $berth_path_backend $berth_path_scheme {
    default http;
    ~^https https;
  }
  map "$berth_prefix $request_uri" $berth_rest {
    default "";
    "~^([^ ]+) \\1(/.*)$" $2;
    "~^([^ ]+) \\1(\\?.*)?$" /$2;
  }`;

/** A backend that says it itself has the last word; over plain HTTP nothing is said (RFC 6797, 7.2). */
function hstsMaps(layouts: readonly Layout[]): string[] {
  const byVariable = new Map(layouts.flatMap(({ hsts }) => (hsts ? [[hsts.variable, hsts.text] as const] : [])));
  return [...byVariable].map(
    ([variable, text]) => `  map "$https $upstream_http_strict_transport_security" $${variable} {
    default "";
    "on " "${text}";
  }`,
  );
}

function zones(layouts: readonly Layout[]): string[] {
  const rates = layouts.flatMap(({ places }) => places.map(({ options }) => options.rate));
  const speeds = new Set(rates.flatMap(({ perSecond }) => (perSecond > 0 ? [perSecond] : [])));
  const key = '$host$berth_prefix$binary_remote_addr';
  const lines = [...speeds]
    .sort((one, other) => one - other)
    .map((perSecond) => {
      return `  limit_req_zone ${key} zone=${rateZone(perSecond)}:${ZONE_SIZE} rate=${perSecond}r/s;`;
    });
  const counted = rates.some(({ connections }) => connections > 0);
  return counted ? [...lines, `  limit_conn_zone ${key} zone=${CONNECTION_ZONE}:${ZONE_SIZE};`] : lines;
}
