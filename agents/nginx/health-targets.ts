import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { StreamProtocol } from '@berth/proto/agent/v1/resource_pb.js';
import type { HealthTarget } from './health-look.ts';
import { checkResource } from './plan.ts';

/** A route whose backend is looked after. */
export type WatchedRoute = {
  /** Name of its resource. */
  readonly name: string;
  readonly containerId: string;
  readonly target: HealthTarget;
  readonly intervalMs: number;
};

const USUAL_SECONDS = 30;

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
  // What is not fit to be served is not fit to be called up either.
  if (typeof checkResource(resource) === 'string') return undefined;
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
