import { createHash } from 'node:crypto';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Resource, ResourceSchema } from '../gen/berth/agent/v1/resource_pb.js';

/** The case of a resource's body, e.g. "httpRoute". */
export type ResourceKind = Exclude<Resource['body']['case'], undefined>;

/** Body of one kind. */
export type ResourceBody<K extends ResourceKind> = Extract<Resource['body'], { case: K }>['value'];

/** Makes a resource and seals it with its version. */
export function makeResource(
  name: string,
  body: Exclude<MessageInitShape<typeof ResourceSchema>['body'], undefined>,
  containerId = '',
): Resource {
  return seal(create(ResourceSchema, { name, containerId, body }));
}

/** The version of a resource: 16 bytes of SHA-256 over its bytes without the version itself. */
export function versionOf(resource: Resource): Uint8Array {
  const bytes = toBinary(ResourceSchema, { ...resource, version: new Uint8Array() });
  return createHash('sha256').update(bytes).digest().subarray(0, 16);
}

function seal(resource: Resource): Resource {
  resource.version = versionOf(resource);
  return resource;
}

/** The kind of a resource. @throws when the body is missing, which no sender of ours produces. */
export function kindOf(resource: Resource): ResourceKind {
  if (!resource.body.case) throw new Error(`resource ${resource.name} has no body`);
  return resource.body.case;
}

/** Key of a resource in a set: kind and name. */
export function keyOf(resource: Resource): string {
  return `${kindOf(resource)}/${resource.name}`;
}

/** Splits a key made by `keyOf`; names may hold slashes. */
export function splitKey(key: string): { kind: string; name: string } {
  const slash = key.indexOf('/');
  return { kind: key.slice(0, slash), name: key.slice(slash + 1) };
}
