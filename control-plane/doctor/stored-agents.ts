import { agentState } from '../fleet/agent-state.ts';
import { rolesOf } from '../store/agents.ts';
import type { Db } from '../store/store.ts';
import type { AgentFact } from './agents.ts';

/** The agents as the store knows them. @param now milliseconds since the epoch */
export async function storedAgents(db: Db, now: number): Promise<AgentFact[]> {
  const rows = await db.selectFrom('agents').selectAll().orderBy('name').execute();
  const conditions = await db.selectFrom('conditions').selectAll().where('agent_id', 'is not', null).execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    roles: rolesOf(row),
    state: agentState(row, now, 0),
    version: row.version,
    desiredGeneration: row.desired_generation,
    acknowledgedGeneration: row.acked_generation,
    runningGeneration: row.running_generation,
    lastSeenAt: row.last_seen_at ?? undefined,
    certificateExpiresAt: row.certificate_expires_at,
    conditions: conditions.filter(({ agent_id }) => agent_id === row.id),
  }));
}
