import type { AcmeChallenge, HttpRoute, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { checkBackend } from './check-backend.ts';
import { objectToHealthCheck } from './check-health.ts';
import { type CheckedOptions, checkOptions } from './check-options.ts';
import { OWN_PATH } from './check-sign-in.ts';
import { challengeToken, hostName, keyAuthorization, shown } from './escape.ts';
import { pathPrefix } from './escape-http.ts';

const CHALLENGES = '/.well-known/acme-challenge';

/** An HTTP route of which every text is safe to write. */
export type CheckedRoute = {
  readonly kind: 'route';
  readonly resource: Resource;
  readonly host: string;
  /** "" for all paths, else whole segments: "/api". */
  readonly path: string;
  readonly certificate: string;
  /** Name of the domain's resource, or "". */
  readonly domain: string;
  readonly options: CheckedOptions;
  /** "10.64.0.7:80" or "[fd00::7]:80". */
  readonly backend: string;
  readonly tls: boolean;
};

/** A challenge of which every text is safe to write. */
export type CheckedChallenge = {
  readonly kind: 'challenge';
  readonly resource: Resource;
  /** Host and path, "web1.apps.lab/.well-known/acme-challenge/…". */
  readonly path: string;
  readonly answer: string;
};

/** Checks a route; a string says what is wrong with it. */
export function checkRoute(resource: Resource, route: HttpRoute): CheckedRoute | string {
  const host = hostName(route.host);
  if (host === undefined) return `host ${shown(route.host)} is not a lower-case DNS name of two labels or more`;
  const path = pathPrefix(route.path);
  if (path === undefined) return `path ${shown(route.path)} is not a prefix of plain segments`;
  if (`${path}/`.startsWith(`${CHALLENGES}/`)) return `${CHALLENGES} is the ingress's own`;
  if (`${path}/`.startsWith(`${OWN_PATH}/`)) return `${OWN_PATH} is the ingress's own`;
  const backend = checkBackend(route.backend);
  if (backend.problem !== undefined) return backend.problem;
  const objection = objectToHealthCheck(route.options?.healthCheck);
  if (objection !== undefined) return objection;
  const options = checkOptions(route.options, path);
  if (typeof options === 'string') return options;
  const tls = route.backend?.tls ?? false;
  const { certificate, domain } = route;
  return { kind: 'route', resource, host, path, certificate, domain, options, backend: backend.text, tls };
}

/** Checks a challenge; a string says what is wrong with it. */
export function checkChallenge(resource: Resource, challenge: AcmeChallenge): CheckedChallenge | string {
  const host = hostName(challenge.host);
  if (host === undefined) return `host ${shown(challenge.host)} is not a lower-case DNS name of two labels or more`;
  const token = challengeToken(challenge.token);
  if (token === undefined) return `token ${shown(challenge.token)} is not base64url of at most 255 characters`;
  const answer = keyAuthorization(challenge.keyAuthorization);
  if (answer === undefined) return `key authorization ${shown(challenge.keyAuthorization)} is malformed`;
  return { kind: 'challenge', resource, path: `${host}/.well-known/acme-challenge/${token}`, answer };
}
