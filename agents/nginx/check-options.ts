/** What people want of a route, checked field by field; every text that comes out is safe to write. */

import { createHash } from 'node:crypto';
import type { AccessList, HttpOptions, RateLimit } from '@berth/proto/agent/v1/resource_pb.js';
import { type CheckedBasicAuth, checkBasicAuth } from './check-basic-auth.ts';
import { type CheckedHeader, checkHeaders } from './check-headers.ts';
import { type CheckedSignIn, checkSignIn } from './check-sign-in.ts';
import { htmlText, shown } from './escape.ts';
import { network } from './escape-http.ts';

/** Most bytes a body may be limited to: what nginx's 64-bit sizes hold. */
const MAX_BODY_BYTES = 2n ** 62n;
/** A week. */
const MAX_TIMEOUT_SECONDS = 604_800;
const MAX_RATE = 1_000_000;
const MAX_NETWORKS = 1000;
const MAX_TEXT = 2000;

/** Who may come, as nginx writes networks. */
export type CheckedAccess = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** How much one client may ask. */
export type CheckedRate = { readonly perSecond: number; readonly burst: number; readonly connections: number };

/** What nginx has to do for a route besides passing requests on. */
export type HttpProfile = {
  readonly plainHttp: boolean;
  /** 0: any. */
  readonly maxBodyBytes: string;
  /** 0: the usual. */
  readonly timeoutSeconds: number;
  readonly gzip: boolean;
  readonly stripPath: boolean;
  readonly requestHeaders: readonly CheckedHeader[];
  readonly responseHeaders: readonly CheckedHeader[];
  readonly access: CheckedAccess;
  readonly rate: CheckedRate;
  readonly signIn?: CheckedSignIn;
  readonly basicAuth?: CheckedBasicAuth;
  /** HTML text of the page that stands for the backend. */
  readonly maintenance?: string;
};

/** A profile, and what it can be told by: routes of equal ids are served alike. */
export type CheckedOptions = HttpProfile & { readonly id: string };

const NOTHING: HttpProfile = {
  plainHttp: false,
  maxBodyBytes: '0',
  timeoutSeconds: 0,
  gzip: false,
  stripPath: false,
  requestHeaders: [],
  responseHeaders: [],
  access: { allow: [], deny: [] },
  rate: { perSecond: 0, burst: 0, connections: 0 },
};

/** The options of a route that wants nothing. */
export const DEFAULT_OPTIONS: CheckedOptions = { ...NOTHING, id: idOf(NOTHING) };

/** Checks the options of a route at `path`; a string says what is wrong with them. */
export function checkOptions(options: HttpOptions | undefined, path: string): CheckedOptions | string {
  if (!options) return DEFAULT_OPTIONS;
  const problem = problemOf(options);
  if (problem !== undefined) return problem;
  const requestHeaders = checkHeaders(options.requestHeaders, 'request');
  if (typeof requestHeaders === 'string') return requestHeaders;
  const responseHeaders = checkHeaders(options.responseHeaders, 'response');
  if (typeof responseHeaders === 'string') return responseHeaders;
  const access = checkAccess(options.access);
  if (typeof access === 'string') return access;
  const signIn = checkSignIn(options.signIn, options.basicAuth !== undefined);
  if (typeof signIn === 'string') return signIn;
  const basicAuth = options.basicAuth && checkBasicAuth(options.basicAuth);
  if (typeof basicAuth === 'string') return basicAuth;
  const profile: HttpProfile = {
    // What lets somebody in never travels in the clear.
    plainHttp: options.plainHttp && !signIn && !basicAuth,
    maxBodyBytes: String(options.maxBodyBytes),
    timeoutSeconds: options.timeoutSeconds,
    gzip: options.gzip,
    stripPath: options.stripPath && path !== '',
    requestHeaders,
    responseHeaders,
    access,
    rate: rateOf(options.rateLimit),
    ...(signIn && { signIn }),
    ...(basicAuth && { basicAuth }),
    ...(options.maintenance && { maintenance: htmlText(options.maintenance.text) }),
  };
  return { ...profile, id: idOf(profile) };
}

/** Checks who may come; a string says what is wrong. */
export function checkAccess(list: AccessList | undefined): CheckedAccess | string {
  const { allow = [], deny = [] } = list ?? {};
  const odd = [...allow, ...deny].find((text) => network(text) === undefined);
  if (odd !== undefined) return `${shown(odd)} in the access list is no address and no network`;
  if (allow.length + deny.length > MAX_NETWORKS) return `the access list has more than ${MAX_NETWORKS} networks`;
  const written = (texts: readonly string[]) => [...new Set(texts.map((text) => network(text) ?? ''))];
  return { allow: written(allow), deny: written(deny) };
}

function problemOf(options: HttpOptions): string | undefined {
  const { maxBodyBytes, timeoutSeconds, rateLimit, maintenance } = options;
  if (maxBodyBytes > MAX_BODY_BYTES) return `the largest body, ${maxBodyBytes} bytes, is beyond ${MAX_BODY_BYTES}`;
  if (timeoutSeconds > MAX_TIMEOUT_SECONDS) return `the time-out is longer than ${MAX_TIMEOUT_SECONDS} seconds`;
  const { requestsPerSecond = 0, burst = 0, connections = 0 } = rateLimit ?? {};
  if (Math.max(requestsPerSecond, burst) > MAX_RATE) return `the rate limit is beyond ${MAX_RATE}`;
  if (connections > 65_535) return 'the limit of requests at the same time is beyond 65535';
  if ((maintenance?.text.length ?? 0) > MAX_TEXT) return `the maintenance text is longer than ${MAX_TEXT} characters`;
  return undefined;
}

function rateOf(limit: RateLimit | undefined): CheckedRate {
  const { requestsPerSecond = 0, burst = 0, connections = 0 } = limit ?? {};
  return { perSecond: requestsPerSecond, burst: requestsPerSecond ? burst : 0, connections };
}

function idOf(profile: HttpProfile): string {
  return createHash('sha256').update(JSON.stringify(profile)).digest('hex').slice(0, 16);
}
