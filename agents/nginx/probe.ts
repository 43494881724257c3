/**
 * "Has a request through nginx reached the guest?" The request goes to nginx's own listener on this host, as a
 * stranger's would. When nginx answers with a page of its own, the backend is asked directly: one that refuses the
 * connection is there and has nothing listening yet; any other silence means that the guest cannot be reached. Where
 * nginx answers so on purpose, because it asks for a password or is told to say that the service is being worked on, a
 * backend that takes the connection counts as reached.
 */

import {
  type ProbeOutcome,
  ProbeOutcomeSchema,
  ProbeReach,
  type ProbeRoute,
} from '@berth/proto/agent/v1/command_pb.js';
import type { Backend } from '@berth/proto/agent/v1/resource_pb.js';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { create } from '@bufbuild/protobuf';
import { type Attempt, directReach, type LocalListener, tryHttps, tryTcp } from './probe-attempts.ts';

const INTERVAL_MS = 100;
const ATTEMPT_MS = 5000;
/** A service may still be starting: a refusal counts only after this time. */
const REFUSAL_GRACE_MS = 3000;

/** Probes until the guest answers, a refusal is certain, or the time is over. @throws the signal's reason when aborted */
export async function probe(
  task: ProbeRoute,
  listener: LocalListener,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const begin = clock.now();
  const end = begin + task.timeoutMs;
  for (;;) {
    const start = clock.now();
    const attempt = await tryOnce(task, listener, Math.max(1, Math.min(ATTEMPT_MS, end - start)));
    const result = attempt.answered ? ProbeReach.ANSWERED : await reachOf(task.backend, attempt.gated);
    const now = clock.now();
    const certain = result === ProbeReach.REFUSED && now - begin >= REFUSAL_GRACE_MS;
    if (result === ProbeReach.ANSWERED || certain || now + INTERVAL_MS >= end) {
      const { httpStatus, detail } = attempt;
      return create(ProbeOutcomeSchema, { reach: result, httpStatus, elapsedMs: Math.round(now - start), detail });
    }
    await delay(clock, INTERVAL_MS, signal);
  }
}

async function tryOnce(task: ProbeRoute, listener: LocalListener, timeoutMs: number): Promise<Attempt> {
  const { target, httpPath, tlsHost } = task;
  if (target.case === 'httpHost') return tryHttps(listener, target.value, httpPath, timeoutMs);
  if (target.case === 'tcpPort') return tryTcp(listener, target.value, tlsHost, timeoutMs);
  return { answered: false, gated: false, httpStatus: 0, detail: 'the probe names no target' };
}

async function reachOf(backend: Backend | undefined, gated: boolean): Promise<ProbeReach> {
  if (!backend) return ProbeReach.UNREACHED;
  const reach = await directReach(backend.address, backend.port);
  if (reach === 'open' && gated) return ProbeReach.ANSWERED;
  return reach === 'refused' ? ProbeReach.REFUSED : ProbeReach.UNREACHED;
}
