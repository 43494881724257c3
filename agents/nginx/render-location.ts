/**
 * One place of a server: the location of a path prefix with everything its profile asks for, and the location that
 * tries a request once more.
 *
 * `partsOf` is where a feature goes that stands between a request and its backend: it answers what belongs into the
 * location itself (`gate`), how the headers of the request change on the way (`headers`), and which further lines the
 * server needs for it (`beside`: locations of its own). What people ask for must be part of `CheckedOptions`, so that
 * routes which differ in it get different locations; what differs by route and not by profile (an identifier, say)
 * goes into a map by "$host$berth_prefix", as the backends do (render-shards.ts). Directives of nginx's access phase
 * (`allow`, `auth_basic`, `auth_request`) may stand in any order: nginx asks for the address first, the password
 * second, `auth_request` last. The location `@again` is reached from inside only, so no gate stands before it; the
 * changed headers do go there.
 */

import { answerHeaders } from './answer-headers.ts';
import type { CheckedBasicAuth } from './check-basic-auth.ts';
import type { CheckedHeader } from './check-headers.ts';
import type { HttpProfile } from './check-options.ts';
import type { NginxConfig } from './config.ts';
import { BERTH_PAGES, maintenancePage } from './error-pages.ts';
import type { Layout, Place } from './layout.ts';
import { accessLines } from './render-access.ts';
import { ODD_PATH, openPathsOf, signInGate, signInHeaders } from './render-sign-in.ts';
import { changedHeaders, requestHeaders, setHeaders } from './request-headers.ts';

/** What a location depends on besides its place. */
export type LocationFacts = {
  readonly config: NginxConfig;
  readonly layout: Layout;
  /** Value of Alt-Svc (RFC 7838), where HTTP/3 is offered. */
  readonly altSvc: string | undefined;
  /** Whether the server answers on the port of plain HTTP, too. */
  readonly plain: boolean;
};

/** What a feature adds to a place. */
type Parts = { readonly gate: string[]; readonly headers: CheckedHeader[]; readonly beside: string[] };

/** The lines of one place; `index` numbers it within its server. */
export function renderPlace(place: Place, index: number, facts: LocationFacts): string[] {
  const { path, options } = place;
  if (options.maintenance !== undefined) return located(path, [...entry(place, facts), ...maintenance(options)]);
  const { gate, headers, beside } = partsOf(place);
  const passing = [...limits(options), ...headerLines(options, headers, facts)];
  const { scheme, backend, rest } = variables(place);
  const first = (before: readonly string[]) => [
    ...entry(place, facts),
    ...unknown(place, facts),
    ...before,
    ...passing,
    `error_page 502 = @again${index};`,
    `error_page ${BERTH_PAGES.filter((status) => status !== 502).join(' ')} @page;`,
    `proxy_pass ${backend}${rest};`,
  ];
  const again = [
    'internal;',
    'if ($berth_repeatable = "") {',
    '  return 502;',
    '}',
    ...passing,
    `proxy_pass ${scheme}://$upstream_addr${rest};`,
  ];
  const open = openPathsOf(place, facts.layout.places);
  return [
    ...located(path, first([...gate, ...signInGate(place)])),
    ...open.flatMap((prefix) => located(prefix, first([...ODD_PATH, ...gate]))),
    ...block(`location @again${index}`, again),
    ...beside,
  ];
}

/** The location of the paths that no place has, where no place has them all. */
export function renderNowhere(): string[] {
  return block('location /', ['return 404;']);
}

function partsOf(place: Place): Parts {
  const { path, options } = place;
  const headers: CheckedHeader[] = [
    ...(options.stripPath ? [{ name: 'X-Forwarded-Prefix', value: path }] : []),
    // The password is for the ingress; the backend gets none of it.
    ...(options.basicAuth ? [{ name: 'Authorization' }] : []),
    ...signInHeaders(place),
  ];
  const gate = [...accessLines(options.access), ...passwordLines(options), ...rateLines(options)];
  return { gate, headers, beside: [] };
}

/** The variables that say where a request goes; `rest` replaces its path where the prefix is taken off. */
function variables({ path, options }: Place): { scheme: string; backend: string; rest: string } {
  const rest = options.stripPath ? '$berth_rest' : '';
  if (path === '') return { scheme: '$berth_scheme', backend: '$berth_backend', rest };
  return { scheme: '$berth_path_scheme', backend: '$berth_path_backend', rest };
}

/** What comes before everything else: which place it is, and over what it may be reached. */
function entry({ path, options }: Place, { plain, config }: LocationFacts): string[] {
  const port = config.httpsPort === 443 ? '' : `:${config.httpsPort}`;
  const redirect = ['if ($https = "") {', `  return 301 https://$host${port}$request_uri;`, '}'];
  return [...(path === '' ? [] : [`set $berth_prefix ${path};`]), ...(plain && !options.plainHttp ? redirect : [])];
}

/** A name below a wildcard that no route has; and a path whose prefix is written in a way that cannot be taken off. */
function unknown({ options }: Place, { layout }: LocationFacts): string[] {
  const variable = layout.open ? '$berth_backend' : options.stripPath ? '$berth_rest' : undefined;
  return variable === undefined ? [] : [`if (${variable} = "") {`, '  return 404;', '}'];
}

function maintenance({ maintenance: text = '' }: HttpProfile): string[] {
  return maintenancePage(text);
}

function limits({ maxBodyBytes, timeoutSeconds, gzip }: HttpProfile): string[] {
  const times = [`proxy_send_timeout ${timeoutSeconds}s;`, `proxy_read_timeout ${timeoutSeconds}s;`];
  return [
    ...(maxBodyBytes === '0' ? [] : [`client_max_body_size ${maxBodyBytes};`]),
    ...(timeoutSeconds === 0 ? [] : times),
    ...(timeoutSeconds > 0 && timeoutSeconds < 10 ? [`proxy_connect_timeout ${timeoutSeconds}s;`] : []),
    ...(gzip ? ['gzip on;'] : []),
  ];
}

function headerLines(profile: HttpProfile, own: readonly CheckedHeader[], facts: LocationFacts): string[] {
  const changes = [...own, ...profile.requestHeaders];
  const base = requestHeaders(facts.config, facts.plain);
  const request = facts.plain || changes.length > 0 ? setHeaders(changedHeaders(base, ...changes)) : [];
  return [...request, ...answerHeaders(profile.responseHeaders, facts)];
}

function passwordLines({ basicAuth }: HttpProfile): string[] {
  if (!basicAuth) return [];
  return [`auth_basic ${basicAuth.realm};`, `auth_basic_user_file $berth_release/${passwordFile(basicAuth)};`];
}

/** Path of a file of passwords in its release. */
export function passwordFile({ file }: CheckedBasicAuth): string {
  return `passwords/${file}`;
}

function rateLines({ rate }: HttpProfile): string[] {
  const burst = rate.burst > 0 ? ` burst=${rate.burst} nodelay` : '';
  return [
    ...(rate.perSecond > 0 ? [`limit_req zone=${rateZone(rate.perSecond)}${burst};`] : []),
    ...(rate.connections > 0 ? [`limit_conn ${CONNECTION_ZONE} ${rate.connections};`] : []),
  ];
}

/** Zone of the clients of all routes that may be asked so often by one of them. */
export function rateZone(perSecond: number): string {
  return `berth_rate_${perSecond}`;
}

/** Zone of the requests that are under way. */
export const CONNECTION_ZONE = 'berth_connections';

/** A prefix is whole segments: itself, and what comes after a slash. */
function located(path: string, lines: readonly string[]): string[] {
  if (path === '') return block('location /', lines);
  return [...block(`location = ${path}`, lines), ...block(`location ${path}/`, lines)];
}

function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}
