import type { Row } from '../store/schema.ts';

/** Whether an agent is heard. */
export type AgentState = 'connected' | 'suspect' | 'unknown' | 'revoked';

/** After this long without a word a session is taken for dead; `last_seen_at` is written about every 30 s. */
const SILENT_MS = 90_000;
/** After this long an agent's state is not known any more. */
const UNKNOWN_MS = 300_000;

/**
 * Whether an agent is heard, judged from its row. Silence counts from when somebody could have heard: after a start
 * of the control plane everybody gets the grace of a full period. Nothing is moved or destroyed because of 'unknown'.
 * @param now milliseconds since the epoch
 * @param startedAt when this control plane began to listen
 */
export function agentState(
  row: Pick<Row<'agents'>, 'status' | 'session_id' | 'last_seen_at' | 'created_at'>,
  now: number,
  startedAt: number,
): AgentState {
  if (row.status === 'revoked') return 'revoked';
  const heard = row.last_seen_at ?? row.created_at;
  if (row.session_id !== null && now - Math.max(heard, startedAt) <= SILENT_MS) return 'connected';
  return now - Math.max(heard, startedAt) <= UNKNOWN_MS ? 'suspect' : 'unknown';
}
