import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceFault } from '../shared/role.ts';

type Entry = { readonly fault: ResourceFault; readonly fingerprint: string };

/**
 * What nginx refused, until there is a reason to try again: the resource has changed, or the certificate it needs,
 * or somebody asks.
 */
export class Quarantine {
  readonly #entries = new Map<string, Entry>();

  /** Sets a resource aside. */
  add(key: string, fault: ResourceFault, resources: ReadonlyMap<string, Resource>): void {
    this.#entries.set(key, { fault, fingerprint: fingerprint(key, resources) });
  }

  /** Gives one resource another chance at the next apply. */
  release(key: string): void {
    this.#entries.delete(key);
  }

  /** Gives all another chance but those named. */
  clear(except: readonly string[] = []): void {
    for (const key of [...this.#entries.keys()]) if (!except.includes(key)) this.#entries.delete(key);
  }

  /** Those still set aside in this set, by key; others are forgotten. */
  within(resources: ReadonlyMap<string, Resource>): ReadonlyMap<string, ResourceFault> {
    for (const [key, entry] of this.#entries) {
      if (entry.fingerprint !== fingerprint(key, resources)) this.#entries.delete(key);
    }
    return new Map([...this.#entries].map(([key, entry]) => [key, entry.fault]));
  }
}

function fingerprint(key: string, resources: ReadonlyMap<string, Resource>): string {
  const resource = resources.get(key);
  if (!resource) return 'gone';
  const { body } = resource;
  const certificate = body.case === 'httpRoute' ? resources.get(`certificate/${body.value.certificate}`) : undefined;
  return `${hex(resource)} ${certificate ? hex(certificate) : ''}`;
}

function hex(resource: Resource): string {
  return Buffer.from(resource.version).toString('hex');
}
