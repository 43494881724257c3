import { AppError } from '../../errors.ts';
import { type AgentRole, activeAgentsOf, rolesOf } from '../../store/agents.ts';
import { unconfirmedAgents } from '../../store/restored-agents.ts';
import type { Db } from '../../store/store.ts';

/**
 * Refuses at once what could only wait in vain.
 * @throws AppError "agent_missing" naming the role that no agent of the site has; "agents_not_confirmed" after a restore
 * naming the agents that have to come back or be confirmed first
 */
export async function requireAgents(db: Db, site: { id: string; name: string }, needed: AgentRole[]): Promise<void> {
  const agents = await activeAgentsOf(db, site.id);
  const missing = needed.filter((role) => !agents.some((agent) => rolesOf(agent).includes(role)));
  if (missing.length === 0) return requireConfirmed(db, site);
  throw new AppError('failed_precondition', {
    reason: 'agent_missing',
    message: `Site ${site.name} has no ${missing.join(' and no ')} agent; let one join first.`,
  });
}

async function requireConfirmed(db: Db, site: { id: string; name: string }): Promise<void> {
  const unconfirmed = await unconfirmedAgents(db, site.id);
  if (unconfirmed.length === 0) return;
  const words = unconfirmed.map(({ name, ahead_generation }) =>
    ahead_generation === null ? `${name} has not come back yet` : `${name} waits for an administrator to confirm`,
  );
  throw new AppError('failed_precondition', {
    reason: 'agents_not_confirmed',
    message: `Berth was restored from a backup, and at site ${site.name} agent ${words.join(', ')}.`,
  });
}
