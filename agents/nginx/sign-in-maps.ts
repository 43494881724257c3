import { isIP } from 'node:net';
import type { SignInServer } from './check-sign-in.ts';
import type { SignInFacts } from './render-sign-in.ts';

/** Most characters of a path that is come back to. */
const LONGEST_PATH = 600;

/**
 * Cookies without those of Berth's own, so that no app ever sees what opens another: the one before apps, the one that a
 * sign-in begins with, and the session of the pages, where they are on the same host. Requests that have none of them
 * cost one look, those without any cookie not even that.
 */
export const COOKIE_MAPS = ['$http_cookie', '$berth_cookie_1', '$berth_cookie_2']
  .map((from, index) => {
    return `  map ${from} $berth_cookie_${index + 1} {
    default ${from};
    "~^__Host-berth[^=;]*=[^;]*$" "";
    "~^__Host-berth[^=;]*=[^;]*; ?(.*)$" $1;
    "~^(.*?); ?__Host-berth[^=;]*=[^;]*(;.*)?$" $1$2;
  }`;
  })
  .concat(`  map $http_cookie $berth_app_cookie {
    default $http_cookie;
    "" "";
    ~__Host-berth $berth_cookie_3;
  }`)
  .join('\n');

/** The maps and upstreams behind sign-in; `uses` says what any place needs. */
export function signInBase(facts: SignInFacts, uses: { berth: boolean; oauth2: boolean }): string[] {
  if (!uses.berth && !uses.oauth2) return [];
  return [
    NAVIGATES,
    ODD_PATH_MAP,
    ...(uses.berth ? [BERTH, upstream('berth_control_plane', facts.controlPlane, facts)] : []),
    ...(uses.oauth2
      ? [oauth2Maps(facts.oauth2), ...facts.oauth2.map((server) => upstream(server.id, server, facts))]
      : []),
  ];
}

/** The path as it was written, where nginx and a backend may take it for different ones. */
const ODD_PATH_MAP = `  map $request_uri $berth_odd_path {
    default "";
    "~*^[^?]*(?:\\.\\.|//|[\\\\\\\\;]|%(?:2[ef]|3b|5c|25|00))" 1;
  }`;

// Whoever waits for a page can be sent elsewhere: no program, no script (Fetch Metadata tells), no socket.
const NAVIGATES = `  map "$request_method|$http_upgrade|$http_x_requested_with|$http_sec_fetch_mode|$http_accept" $berth_navigates {
    default "";
    "~*^(?:GET|HEAD)\\|\\|\\|(?:navigate)?\\|.*text/html" 1;
  }`;

const BERTH = `  map $host$berth_prefix $berth_service {
    default "";
    include sign-in/services.map;
  }
  map $request_uri $berth_short_uri {
    default /;
    "~^(.{1,${LONGEST_PATH}})$" $1;
  }
  map $http_cookie $berth_gate {
    default "";
    "~(?:^|; ?)__Host-berth-app=([\\w.-]{1,200})(?:;|$)" $1;
  }
  map $http_cookie $berth_state {
    default "";
    "~(?:^|; ?)__Host-berth-app-state=([\\w-]{1,64})(?:;|$)" $1;
  }
  map $http_sec_fetch_site $berth_site {
    default other;
    "" "";
    same-origin same-origin;
  }`;

// oauth2-proxy wants the way back in its query, and nginx cannot encode: what would not survive is left out.
function oauth2Maps(servers: readonly SignInServer[]): string {
  const rows = (value: (server: SignInServer) => string) =>
    servers.map((server) => `\n    ${server.scheme}://${server.id} ${value(server)};`).join('');
  return `  map $host$berth_prefix $berth_oauth2 {
    default http://berth_nobody;
    include sign-in/proxies.map;
  }
  map $berth_oauth2 $berth_oauth2_start {
    default "";${rows(({ url }) => `${url}/oauth2/start`)}
  }
  map $berth_oauth2 $berth_oauth2_host {
    default "";${rows(({ url }) => new URL(url).host)}
  }
  map $berth_oauth2 $berth_oauth2_name {
    default "";${rows(({ host }) => host)}
  }
  map $request_uri $berth_return_path {
    default $request_uri;
    "~^([^?&#+%]*)[?&#+%]" $1;
  }
  upstream berth_nobody {
    server 127.0.0.1:9 down;
  }`;
}

/** Names were looked up by the agent, not by nginx, which would refuse to start where one cannot be. */
function upstream(id: string, server: SignInServer | undefined, { addresses }: SignInFacts): string {
  const found = server && addressesOf(server.host, addresses);
  const lines = found?.length
    ? found.map((address) => `server ${address}:${server?.port} max_fails=1 fail_timeout=1s;`)
    : ['server 127.0.0.1:9 down;'];
  return `  upstream ${id} {
    ${lines.join('\n    ')}
    keepalive 64;
    keepalive_timeout 4s;
  }`;
}

function addressesOf(host: string, addresses: SignInFacts['addresses']): readonly string[] {
  if (isIP(host.replace(/^\[|\]$/g, '')) > 0) return [host];
  return (addresses.get(host) ?? []).map((address) => (isIP(address) === 6 ? `[${address}]` : address));
}
