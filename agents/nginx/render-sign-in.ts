/**
 * Sign-in before a place: nginx asks for every request (`auth_request`), nothing is cached, and the app is told who comes
 * by headers that nobody else can send. What a browser needs to sign in comes with the refusal: where to go, and a cookie
 * to take along. Whoever cannot be asked lets nobody in.
 *
 * Locations are chosen by the path as nginx understands it, decoded and without dots, and so is the gate: no way of
 * writing a path gets around it. An open path is different, since the backend gets it as it was written and may
 * understand it otherwise; there, what can be read in two ways is refused (`$berth_odd_path`).
 */

import type { CheckedHeader } from './check-headers.ts';
import type { CheckedRoute } from './check-routes.ts';
import { type ControlPlane, OWN_PATH, type SignInServer, serviceId } from './check-sign-in.ts';
import type { NginxConfig } from './config.ts';
import { ERROR_HEADER, textPage } from './error-pages.ts';
import type { Place } from './layout.ts';
import type { Plan } from './plan.ts';
import type { FileSink, KeyOf } from './render-shards.ts';

/** What the servers that decide about sign-in are found by. */
export type SignInFacts = {
  readonly controlPlane: ControlPlane | undefined;
  readonly oauth2: readonly SignInServer[];
  /** Addresses by host name; a host that has none cannot be asked. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
};

/** What the pages say who stand for an app whose visitor is not let in. */
export type SignInError = 'sign_in' | 'sign_in_unavailable';

/** Headers about the visitor; a client's own are never passed on. */
export const IDENTITY_HEADERS = ['X-User', 'X-Preferred-Username', 'X-Groups', 'X-Email'] as const;
/** Seconds after which to try again. */
const RETRY_SECONDS = 5;
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** The lines that ask before a place; none where everybody may come. */
export function signInGate({ options: { signIn } }: Place): string[] {
  if (!signIn) return [];
  const [from, check] = signIn.by === 'berth' ? ['x', `${OWN_PATH}/check`] : ['x_auth_request', `${OWN_PATH}/oauth2`];
  const cookie = signIn.by === 'berth' ? 'x_berth_cookie' : 'set_cookie';
  return [
    `auth_request ${check};`,
    ...IDENTITY_HEADERS.map((name) => {
      const said = name.toLowerCase().replaceAll('-', '_');
      return `auth_request_set $berth_${said} $upstream_http_${said.replace('x', from)};`;
    }),
    `auth_request_set $berth_set_cookie $upstream_http_${cookie};`,
    ...(signIn.by === 'berth' ? ['auth_request_set $berth_location $upstream_http_x_berth_location;'] : []),
    'add_header Set-Cookie $berth_set_cookie always;',
    `error_page 401 = ${signIn.by === 'berth' ? '@berth_sign_in' : '@oauth2_sign_in'};`,
    'error_page 500 = @sign_in_unavailable;',
  ];
}

/** What the backend is told of the visitor. At an open path nobody was asked, and the variables are empty. */
export function signInHeaders({ options: { signIn } }: Place): CheckedHeader[] {
  if (!signIn) return [];
  return IDENTITY_HEADERS.map((name) => ({ name, value: `$berth_${name.toLowerCase().replaceAll('-', '_')}` }));
}

/** Prefixes of open paths within a place that no other place of the server has. */
export function openPathsOf({ path, options: { signIn } }: Place, others: readonly Place[]): string[] {
  const taken = new Set(others.map((place) => place.path));
  return (signIn?.openPaths ?? []).filter((open) => `${open}/`.startsWith(`${path}/`) && !taken.has(open));
}

/** What a request to an open path must not look like: it could mean another path to the backend than to nginx. */
export const ODD_PATH = ['if ($berth_odd_path) {', '  return 400;', '}'];

/** The locations that a server needs besides, for the places it has. */
export function signInLocations(places: readonly Place[], facts: SignInFacts, config: NginxConfig): string[] {
  const kinds = new Set(places.map(({ options: { signIn } }) => signIn?.by));
  if (!kinds.has('berth') && !kinds.has('oauth2')) return [];
  return [
    ...(kinds.has('berth') ? berthLocations(facts.controlPlane) : []),
    ...(kinds.has('oauth2') ? oauth2Locations(facts.oauth2, config) : []),
    ...block('location @sign_in_unavailable', [
      'internal;',
      ...pageHead('sign_in_unavailable'),
      `add_header Retry-After ${RETRY_SECONDS} always;`,
      `return 503 "${textPage('503', 'Sign-in is not available', 'Whether you may come cannot be found out at the moment, so nobody is let in. Please try again soon.')}";`,
    ]),
  ];
}

function berthLocations(controlPlane: ControlPlane | undefined): string[] {
  const scheme = controlPlane?.scheme ?? 'http';
  const asking = [
    'proxy_pass_request_headers off;',
    'proxy_pass_request_body off;',
    `proxy_set_header Host ${controlPlane?.name ?? 'berth'};`,
    'proxy_set_header Connection "";',
    'proxy_set_header Content-Length "";',
    'proxy_set_header X-Berth-Host $host;',
    'proxy_set_header X-Berth-Service $berth_service;',
    'proxy_set_header X-Berth-Uri $berth_short_uri;',
    'proxy_set_header X-Berth-Gate $berth_gate;',
    'proxy_set_header X-Berth-State $berth_state;',
    'proxy_set_header X-Berth-Site $berth_site;',
    'proxy_set_header X-Berth-Navigates $berth_navigates;',
    ...PATIENCE,
    ...(controlPlane ? [...verified('control-plane.pem'), `proxy_ssl_name ${controlPlane.name};`] : []),
  ];
  return [
    ...block(`location = ${OWN_PATH}/check`, [
      'internal;',
      ...NO_PAGES,
      ...asking,
      `proxy_pass ${scheme}://berth_control_plane/app-sign-in/check;`,
    ]),
    ...block(`location ^~ ${OWN_PATH}/`, [
      'error_page 500 502 503 504 = @sign_in_unavailable;',
      'error_page 404 @page;',
      ...asking,
      `proxy_pass ${scheme}://berth_control_plane/app-sign-in/gate/;`,
    ]),
    ...block('location @berth_sign_in', [
      'internal;',
      ...refusal('$berth_location'),
      'add_header Set-Cookie $berth_set_cookie always;',
      'add_header Cache-Control no-store always;',
      'return 302 $berth_location;',
    ]),
  ];
}

/** As oauth2-proxy's documentation has it for nginx, but that nothing is asked again for a redirect. */
function oauth2Locations(servers: readonly SignInServer[], { httpsPort }: NginxConfig): string[] {
  const port = httpsPort === 443 ? '' : `%3A${httpsPort}`;
  return [
    ...block(`location = ${OWN_PATH}/oauth2`, [
      'internal;',
      ...NO_PAGES,
      'proxy_pass_request_body off;',
      'proxy_set_header Host $berth_oauth2_host;',
      'proxy_set_header Connection "";',
      'proxy_set_header Content-Length "";',
      'proxy_set_header X-Real-IP $remote_addr;',
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_set_header X-Forwarded-Proto https;',
      'proxy_set_header X-Forwarded-Host $host;',
      'proxy_set_header X-Forwarded-Uri $request_uri;',
      ...IDENTITY_HEADERS.map((name) => `proxy_set_header ${name} "";`),
      ...PATIENCE,
      ...(servers.some(({ scheme }) => scheme === 'https')
        ? [...verified(AUTHORITIES), 'proxy_ssl_name $berth_oauth2_name;']
        : []),
      'proxy_pass $berth_oauth2/oauth2/auth;',
    ]),
    ...block('location @oauth2_sign_in', [
      'internal;',
      ...refusal('$berth_navigates'),
      'add_header Cache-Control no-store always;',
      `return 302 $berth_oauth2_start?rd=https%3A%2F%2F$host${port}$berth_return_path;`,
    ]),
  ];
}

// Within a question every page of the server's must be off: one that is answered with 200 would let everybody in.
const NO_PAGES = ['error_page 598 @page;'];
// A connection that was kept and has just been closed is made anew. The time for connecting covers the handshake, and a
// busy control plane has many of them at once when it is back.
const PATIENCE = [
  'proxy_next_upstream error;',
  'proxy_connect_timeout 5s;',
  'proxy_send_timeout 10s;',
  'proxy_read_timeout 10s;',
];

function verified(authorities: string): string[] {
  return ['proxy_ssl_verify on;', 'proxy_ssl_verify_depth 4;', `proxy_ssl_trusted_certificate ${authorities};`];
}

/** For whoever cannot be sent elsewhere: programs, and what a script or a socket asks. */
function refusal(unless: string): string[] {
  const page = textPage(
    '401',
    'Sign-in wanted',
    'This address is open to those who have signed in. Open it in a browser.',
  );
  return [...pageHead('sign_in'), `if (${unless} = "") {`, `  return 401 "${page}";`, '}'];
}

function pageHead(error: SignInError): string[] {
  return ['default_type "text/html; charset=utf-8";', `add_header ${ERROR_HEADER} ${error} always;`];
}

function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}

/**
 * Writes what differs by route (whom the control plane is asked about, which oauth2-proxy is asked), and the authority of
 * the control plane.
 */
export function renderSignIn(plan: Pick<Plan, 'routes' | 'domains' | 'ingress'>, keyOf: KeyOf, sink: FileSink): void {
  const proxies = new Map(plan.domains.map((domain) => [domain.name, domain.oauth2Proxy]));
  mapOf('sign-in/services.map', plan.routes, keyOf, sink, (route) => {
    const wanted = route.resource.body.case === 'httpRoute' ? route.resource.body.value.options?.signIn : undefined;
    return route.options.signIn?.by === 'berth' && wanted ? serviceId(wanted) : undefined;
  });
  mapOf('sign-in/proxies.map', plan.routes, keyOf, sink, (route) => {
    const proxy = route.options.signIn?.by === 'oauth2' ? proxies.get(route.domain) : undefined;
    return proxy && `${proxy.scheme}://${proxy.id}`;
  });
  const { controlPlane } = plan.ingress ?? {};
  if (controlPlane) sink('control-plane.pem', { content: controlPlane.caPem });
}

function mapOf(
  file: string,
  routes: readonly CheckedRoute[],
  keyOf: KeyOf,
  sink: FileSink,
  rowValue: (route: CheckedRoute) => string | undefined,
): void {
  const rows = routes.flatMap((route) => {
    const value = rowValue(route);
    return value === undefined ? [] : [{ text: `${route.host}${route.path} ${value};`, owner: keyOf(route) }];
  });
  if (rows.length === 0) return;
  sink(file, { content: `${rows.map(({ text }) => text).join('\n')}\n`, owners: rows.map(({ owner }) => owner) });
}

/** Who is asked about sign-in, from a plan. */
export function signInFacts(
  { domains, ingress }: Pick<Plan, 'domains' | 'ingress'>,
  addresses: SignInFacts['addresses'],
): SignInFacts {
  const proxies = domains.flatMap(({ oauth2Proxy }) => oauth2Proxy ?? []);
  const oauth2 = [...new Map(proxies.map((proxy) => [proxy.id, proxy])).values()];
  return { controlPlane: ingress?.controlPlane, oauth2, addresses };
}

/** Hosts of those who are asked about sign-in, where any route wants it. */
export function askedHosts({ routes, domains, ingress }: Pick<Plan, 'routes' | 'domains' | 'ingress'>): string[] {
  const kinds = new Set(routes.map(({ options }) => options.signIn?.by));
  const controlPlane = kinds.has('berth') ? ingress?.controlPlane : undefined;
  const proxies = kinds.has('oauth2') ? domains.flatMap(({ oauth2Proxy }) => oauth2Proxy ?? []) : [];
  return [...(controlPlane ? [controlPlane.host] : []), ...proxies.map(({ host }) => host)];
}
