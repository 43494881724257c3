import type { HealthCheck, Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import type { HealthTarget } from './health-look.ts';

/** A route whose backend is looked after. */
export type WatchedRoute = {
  /** Name of its resource. */
  readonly name: string;
  readonly containerId: string;
  readonly target: HealthTarget;
  readonly intervalMs: number;
};

const USUAL_SECONDS = 30;
const LEAST_SECONDS = 5;
const MOST_SECONDS = 3600;

/** What is wrong with how a backend is to be looked at; undefined: nothing. */
export function objectToHealthCheck(check: HealthCheck | undefined): string | undefined {
  const { path = '', intervalSeconds = 0 } = check ?? {};
  if (path !== '' && !/^\/[!-~]{0,500}$/.test(path)) return 'the path of the health check is not printable ASCII';
  if (intervalSeconds === 0) return undefined;
  const fits = intervalSeconds >= LEAST_SECONDS && intervalSeconds <= MOST_SECONDS;
  return fits ? undefined : `the health check's interval is not ${LEAST_SECONDS}–${MOST_SECONDS} seconds`;
}

// Sets share their unchanged resources.
const known = new WeakMap<Resource, WatchedRoute>();

/** The routes of a set whose backends can be asked. */
export function watchedRoutes(resources: Iterable<Resource>): WatchedRoute[] {
  return Array.from(resources, (resource) => {
    const route = known.get(resource) ?? watchedRoute(resource);
    if (route) known.set(resource, route);
    return route;
  }).filter((route) => route !== undefined);
}

/** The route of a resource, as far as its backend can be asked: of UDP nothing can be told from silence. */
function watchedRoute(resource: Resource): WatchedRoute | undefined {
  const { body, name, containerId } = resource;
  if (body.case === 'streamRoute') {
    const { backend, protocol, host } = body.value;
    if (!backend || protocol !== StreamProtocol.TCP) return undefined;
    const target = { address: backend.address, port: backend.port, tls: false, host, path: '' };
    return { name, containerId, target, intervalMs: USUAL_SECONDS * 1000 };
  }
  if (body.case !== 'httpRoute' || !body.value.backend) return undefined;
  const { backend, host, options } = body.value;
  const { path = '', intervalSeconds = 0 } = options?.healthCheck ?? {};
  const target = { address: backend.address, port: backend.port, tls: backend.tls, host, path };
  return { name, containerId, target, intervalMs: (intervalSeconds || USUAL_SECONDS) * 1000 };
}
