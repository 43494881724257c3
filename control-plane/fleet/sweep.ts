import { RETRY_WANTED } from '../store/agent-revisions.ts';
import type { Store } from '../store/store.ts';

/** Asks the session of an agent, on whichever replica it is, to send the current generation again. */
export async function requestRetry(store: Store, agentId: string): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db.updateTable('agents').set({ rejected_generation: RETRY_WANTED }).where('id', '=', agentId).execute();
    tx.nudge({ kind: 'agent', id: agentId });
  });
}

/**
 * Finds what nudges should have told: commands to send or to stop, revoked agents, sessions another replica has taken
 * over, wishes for another try.
 * @param sessions epochs of the sessions held here, by agent
 * @returns the agents whose session has something to do
 */
export async function concerned(store: Store, sessions: ReadonlyMap<string, number>): Promise<Set<string>> {
  if (sessions.size === 0) return new Set();
  const waiting = await store.db
    .selectFrom('commands')
    .select('agent_id')
    .distinct()
    .where('state', 'in', ['queued', 'cancelled'])
    .where('result', 'is', null)
    .execute();
  const found = new Set(waiting.map((row) => row.agent_id).filter((id) => sessions.has(id)));
  const agents = await store.db.selectFrom('agents').select(['id', 'epoch', 'status', 'rejected_generation']).execute();
  for (const { id, epoch, status, rejected_generation } of agents) {
    const held = sessions.get(id);
    if (held === undefined) continue;
    if (status === 'revoked' || epoch !== held || rejected_generation === RETRY_WANTED) found.add(id);
  }
  return found;
}
