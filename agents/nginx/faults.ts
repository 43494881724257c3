import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { kindOf } from '@berth/proto/contract/resource.ts';
import type { ResourceFault } from '../shared/role.ts';

/** Stage of an apply at which a resource was found wanting. */
export type FaultStage = 'render' | 'validate' | 'reload' | 'verify';

/** Where a program said something, as far as it did. */
export type FaultPlace = { readonly exitCode?: number; readonly file?: string; readonly line?: number };

/** A quarantine report on a resource; `words` are those its owner reads. */
export function faultOf(resource: Resource, stage: FaultStage, words: string, place: FaultPlace = {}): ResourceFault {
  return {
    resource: { kind: kindOf(resource), name: resource.name },
    stage,
    exitCode: place.exitCode ?? 0,
    stderrTail: words,
    file: place.file ?? '',
    line: place.line ?? 0,
    version: resource.version,
  };
}
