import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import type { ResourceKeySchema } from '@berth/proto/agent/v1/session_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentRole } from '../store/agents.ts';

/** What changed between two sets. */
export interface DeltaParts {
  upserts: Resource[];
  removals: MessageInitShape<typeof ResourceKeySchema>[];
}

/** What one agent must hold now. */
export interface AgentView {
  /** Revision of the site at which this set last changed. */
  readonly generation: bigint;
  readonly digest: Uint8Array;
  resources(): Iterable<Resource>;
  /** The change since a set the agent holds; undefined when that is not known any more. */
  deltaFrom(generation: bigint, digest: Uint8Array): DeltaParts | undefined;
}

/** Desired state of a site as sessions see it. */
export interface FleetSiteView {
  /** Revision of the site that this view shows. */
  readonly revision: bigint;
  /** Takes in what was committed since; cheap when nothing was. */
  refresh(): Promise<unknown>;
  forAgent(agent: { id: string; roles: readonly AgentRole[] }): AgentView;
}
