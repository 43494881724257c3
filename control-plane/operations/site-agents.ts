import { runsRevision } from '../store/agent-revisions.ts';
import { type AgentRole, activeAgentsOf, rolesOf } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import type { Look } from './saga.ts';

/** Agents of a site that are not revoked and have a role, oldest first. */
export async function activeAgents(db: Db, siteId: string, role: AgentRole): Promise<Row<'agents'>[]> {
  return (await activeAgentsOf(db, siteId)).filter((row) => rolesOf(row).includes(role));
}

/** The agent in charge of a node: the one it names, else the site's oldest proxmox agent. */
export async function agentInCharge(db: Db, node: Row<'nodes'>): Promise<Row<'agents'> | undefined> {
  const agents = await activeAgents(db, node.site_id, 'proxmox');
  return node.agent_id ? agents.find(({ id }) => id === node.agent_id) : agents[0];
}

/** What quarantined resources of a container an agent has, in the words of the program that refused them. */
export async function quarantineOf(db: Db, agentId: string, containerId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('conditions')
    .select(['subject', 'message'])
    .where('agent_id', '=', agentId)
    .where('container_id', '=', containerId)
    .where('kind', '=', 'quarantined')
    .executeTakeFirst();
  return row && `${row.subject}: ${row.message}`;
}

/** Whether every agent runs what a revision of its site asks of it, or the reason why one does not yet. */
export function allRun(agents: readonly Row<'agents'>[], revision: number): Look<null> {
  const behind = agents.find((agent) => !runsRevision(agent, revision));
  if (!behind) return { done: null };
  return { waiting: whyBehind(behind, revision) };
}

/** Why an agent does not run a revision, in words that stay the same while nothing changes. */
function whyBehind(agent: Row<'agents'>, revision: number): string {
  if (agent.session_id === null) return `agent ${agent.name} is not connected`;
  if (agent.ahead_generation !== null) {
    return `agent ${agent.name} holds what is newer than the restored backup; an administrator has to confirm`;
  }
  const { rejected_generation: rejected, desired_generation: desired } = agent;
  if (rejected > 0 && (rejected >= revision || rejected === desired)) {
    return `agent ${agent.name} refuses its configuration: ${agent.rejected_message}`;
  }
  return `agent ${agent.name} does not run it yet`;
}
