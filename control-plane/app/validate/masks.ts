import type { FieldMask } from '@bufbuild/protobuf/wkt';
import type { Violations } from './violations.ts';

/**
 * The paths an update names. A path that is unknown, or that may not be changed, is a violation of its own.
 * @param allowed paths in snake case, relative to the updated message
 */
export function maskPaths(mask: FieldMask | undefined, allowed: readonly string[], found: Violations): Set<string> {
  const paths = new Set(mask?.paths ?? []);
  if (paths.size === 0) found.check('update_mask', `must name at least one of ${allowed.join(', ')}`);
  for (const path of paths) {
    if (allowed.includes(path)) continue;
    const shown = JSON.stringify(path.slice(0, 100));
    found.check('update_mask', `${shown} cannot be changed; what can is ${allowed.join(', ')}`);
  }
  return paths;
}
