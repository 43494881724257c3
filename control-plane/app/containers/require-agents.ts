import { AppError } from '../../errors.ts';
import { type AgentRole, activeAgentsOf, rolesOf } from '../../store/agents.ts';
import type { Db } from '../../store/store.ts';

/**
 * Refuses at once what could only wait in vain.
 * @throws AppError "agent_missing" naming the role that no agent of the site has
 */
export async function requireAgents(db: Db, site: { id: string; name: string }, needed: AgentRole[]): Promise<void> {
  const agents = await activeAgentsOf(db, site.id);
  const missing = needed.filter((role) => !agents.some((agent) => rolesOf(agent).includes(role)));
  if (missing.length === 0) return;
  throw new AppError('failed_precondition', {
    reason: 'agent_missing',
    message: `Site ${site.name} has no ${missing.join(' and no ')} agent; let one join first.`,
  });
}
