/** From resources to what is rendered: every field checked by type, every reference resolved, every conflict settled. */

import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceFault } from '../shared/role.ts';
import { type CheckedCertificate, checkCertificate, covers } from './check-certificate.ts';
import { type CheckedDomain, type CheckedIngress, checkDomain, checkIngress } from './check-ingress.ts';
import { type CheckedChallenge, type CheckedRoute, checkChallenge, checkRoute } from './check-routes.ts';
import { type CheckedStream, checkStream } from './check-streams.ts';
import { shown } from './escape.ts';
import { faultOf } from './faults.ts';
import { claimOf, StreamObjections, type StreamOptions } from './settle-streams.ts';

/** Everything fit to be rendered, in the order of names, and what had to be set aside. */
export type Plan = {
  readonly certificates: readonly CheckedCertificate[];
  readonly routes: readonly CheckedRoute[];
  readonly streams: readonly CheckedStream[];
  readonly challenges: readonly CheckedChallenge[];
  readonly domains: readonly CheckedDomain[];
  /** Absent while nothing is said about it. */
  readonly ingress?: CheckedIngress;
  readonly faults: readonly ResourceFault[];
};

type Sorted = {
  certificates: CheckedCertificate[];
  routes: CheckedRoute[];
  streams: CheckedStream[];
  challenges: CheckedChallenge[];
  domains: CheckedDomain[];
  ingresses: CheckedIngress[];
  faults: ResourceFault[];
};

/** Plans a set. `setAside` names (by key) what nginx itself refused before, with what it said. */
export function makePlan(
  resources: ReadonlyMap<string, Resource>,
  options: StreamOptions,
  setAside: ReadonlyMap<string, ResourceFault> = new Map(),
): Plan {
  const sorted = sortOut(resources, setAside);
  const certificates = new Map(sorted.certificates.map((certificate) => [certificate.name, certificate]));
  const { faults, domains } = sorted;
  const proxied = new Set(domains.flatMap(({ name, oauth2Proxy }) => (oauth2Proxy ? [name] : [])));
  const objections = new StreamObjections(options, certificates);
  const [ingress] = settle(
    sorted.ingresses,
    faults,
    () => 'the ingress',
    () => undefined,
  );
  return {
    certificates: sorted.certificates,
    domains,
    ...(ingress && { ingress }),
    routes: settle(
      sorted.routes,
      faults,
      // Maps of nginx's do not tell upper case from lower.
      (route) => `${route.host}${route.path.toLowerCase()}`,
      (route) => objectToRoute(route, certificates, proxied),
    ),
    streams: settle(sorted.streams, faults, claimOf, (stream) => objections.against(stream)),
    challenges: settle(
      sorted.challenges,
      faults,
      (challenge) => challenge.path,
      () => undefined,
    ),
    faults,
  };
}

function sortOut(resources: ReadonlyMap<string, Resource>, setAside: ReadonlyMap<string, ResourceFault>): Sorted {
  const faults = [...setAside.values()];
  const http = { certificates: [], routes: [], challenges: [], domains: [], ingresses: [] };
  const sorted: Sorted = { ...http, streams: [], faults };
  for (const key of [...resources.keys()].sort()) {
    const resource = resources.get(key);
    if (resource && !setAside.has(key)) place(resource, sorted);
  }
  return sorted;
}

function place(resource: Resource, sorted: Sorted): void {
  const checked = checkResource(resource);
  if (checked === undefined) return;
  if (typeof checked === 'string') sorted.faults.push(faultOf(resource, 'render', checked));
  else if (checked.kind === 'certificate') sorted.certificates.push(checked);
  else if (checked.kind === 'route') sorted.routes.push(checked);
  else if (checked.kind === 'stream') sorted.streams.push(checked);
  else if (checked.kind === 'challenge') sorted.challenges.push(checked);
  else {
    if (checked.kind === 'domain') sorted.domains.push(checked);
    else sorted.ingresses.push(checked);
    if (checked.problem !== undefined) sorted.faults.push(faultOf(resource, 'render', checked.problem));
  }
}

type Checked = CheckedCertificate | CheckedRoute | CheckedStream | CheckedChallenge | CheckedDomain | CheckedIngress;

// Sets share their unchanged resources, so an apply after one change checks one resource.
const verdicts = new WeakMap<Resource, Checked | string>();

/** A resource with every text safe to write, or what is wrong with it; undefined for a kind that is none of nginx's. */
export function checkResource(resource: Resource): Checked | string | undefined {
  const known = verdicts.get(resource);
  if (known !== undefined) return known;
  const verdict = judge(resource);
  if (verdict !== undefined) verdicts.set(resource, verdict);
  return verdict;
}

function judge(resource: Resource): Checked | string | undefined {
  switch (resource.body.case) {
    case 'httpRoute':
      return checkRoute(resource, resource.body.value);
    case 'streamRoute':
      return checkStream(resource, resource.body.value);
    case 'certificate':
      return checkCertificate(resource, resource.body.value);
    case 'acmeChallenge':
      return checkChallenge(resource, resource.body.value);
    case 'domain':
      return checkDomain(resource, resource.body.value);
    case 'ingress':
      return checkIngress(resource, resource.body.value);
    default:
      return undefined;
  }
}

/** Keeps the first claimant of each claim; the others, and those with an objection, become faults. */
function settle<T extends { resource: Resource }>(
  items: readonly T[],
  faults: ResourceFault[],
  claim: (item: T) => string,
  objection: (item: T) => string | undefined,
): T[] {
  const holders = new Map<string, T>();
  return items.filter((item) => {
    const holder = holders.get(claim(item));
    const problem = objection(item) ?? (holder && `${claim(item)} is already taken by ${shown(holder.resource.name)}`);
    if (problem !== undefined) faults.push(faultOf(item.resource, 'render', problem));
    else holders.set(claim(item), item);
    return problem === undefined;
  });
}

function objectToRoute(
  route: CheckedRoute,
  certificates: ReadonlyMap<string, CheckedCertificate>,
  proxied: ReadonlySet<string>,
): string | undefined {
  if (route.options.signIn?.by === 'oauth2' && !proxied.has(route.domain)) {
    return `domain ${shown(route.domain)} has no oauth2-proxy to sign in with`;
  }
  const certificate = certificates.get(route.certificate);
  if (!certificate) return `certificate ${shown(route.certificate)} is missing or set aside itself`;
  if (covers(certificate, route.host)) return undefined;
  return `certificate ${shown(route.certificate)} is for ${certificate.names.join(', ')}, not for ${route.host}`;
}
