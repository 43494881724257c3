import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { type ConfigDelta, type PreviewResult, PreviewResultSchema } from '@berth/proto/agent/v1/session_pb.js';
import { applyDelta, type HeldSet } from '@berth/proto/contract/delta.ts';
import { create } from '@bufbuild/protobuf';
import { resourceLabel } from './resource-label.ts';

const NAMED_MAX = 100;

/** What a delta would do to a set, which stays as it is. A delta that would be refused would do nothing. */
export function previewOf(held: HeldSet, delta: ConfigDelta): PreviewResult {
  const outcome = applyDelta(held, delta);
  const changed = outcome.ok ? [...outcome.changed] : [];
  const after = outcome.ok ? outcome.held.resources : held.resources;
  const removed = changed.filter((key) => !after.has(key));
  const replaced = changed.filter((key) => after.has(key) && held.resources.has(key));
  const names = (keys: string[]) =>
    keys
      .slice(0, NAMED_MAX)
      .flatMap((key) => held.resources.get(key) ?? [])
      .map((resource: Resource) => resourceLabel(resource));
  return create(PreviewResultSchema, {
    heldGeneration: held.generation,
    removed: removed.length,
    changed: replaced.length,
    added: changed.length - removed.length - replaced.length,
    removedNames: names(removed),
    changedNames: names(replaced),
  });
}
