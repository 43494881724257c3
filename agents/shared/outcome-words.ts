import { ConfigPhase, type ConfigStatusSchema } from '@berth/proto/agent/v1/session_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GenerationOutcome } from './applier.ts';
import type { AgentNews } from './status-file.ts';

/** How a generation came out, for the control plane. */
export function statusOf(outcome: GenerationOutcome): MessageInitShape<typeof ConfigStatusSchema> {
  const { set, phase, errors, message, timingsMs } = outcome;
  const { epoch, generation, digest } = set;
  return { epoch, generation, digest: digest.bytes(), phase, errors, message, timingsMs };
}

/** The same for who is on the host. */
export function newsOf({ set, phase, errors, message }: GenerationOutcome): AgentNews {
  const quarantined = errors.map(({ resource, stderrTail = '' }) => {
    return { kind: resource?.kind ?? '', name: resource?.name ?? '', reason: stderrTail };
  });
  const running = phase === ConfigPhase.RUNNING;
  return { applied: { generation: set.generation.toString(), running, message, quarantined } };
}
