import type { AgentRole } from '../store/agents.ts';
import { deleteContainer } from '../store/containers.ts';
import type { Row } from '../store/schema.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { StepContext } from './saga.ts';
import { activeAgents, whyBehind } from './site-agents.ts';

/** Milliseconds after which an idle, connected agent that runs what it should counts as having heard of everything. */
const SETTLED_MS = 3_000;

/** Takes the container's routes out of the desired state, once. */
export async function withdrawRoutes(context: StepContext): Promise<void> {
  if (context.data.withdrawnRevision !== undefined) return;
  const { containerId, siteId } = context.operation;
  await context.commit(async (tx) => {
    const { numUpdatedRows } = await tx.db
      .updateTable('containers')
      .set({ phase: 'deleting', updated_at: tx.now })
      .where('id', '=', containerId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return { withdrawnRevision: 0 };
    tx.nudge({ kind: 'container', id: containerId });
    return { withdrawnRevision: await bumpSite(tx, siteId, containerId) };
  });
}

/** Deletes the container's rows, once; with them go its reservation, name and guest from the desired state. */
export async function releaseRows(context: StepContext): Promise<void> {
  if (context.data.releasedRevision !== undefined) return;
  const { containerId, siteId } = context.operation;
  await context.commit(async (tx) => {
    await deleteContainer(tx, containerId);
    tx.nudge({ kind: 'container', id: containerId });
    return { releasedRevision: await bumpSite(tx, siteId, containerId) };
  });
}

/** Waits until no agent of a role can still hold what a revision took away. */
export async function awaitWithdrawn(context: StepContext, role: AgentRole, revision: number): Promise<void> {
  const since = context.clock.now();
  await context.waitFor(async () => {
    const settled = context.clock.now() - since >= SETTLED_MS;
    const agents = await activeAgents(context.store.db, context.operation.siteId, role);
    const behind = agents.find((agent) => !hasWithdrawn(agent, revision, settled));
    return behind ? { waiting: whyBehind(behind, revision) } : { done: null };
  });
}

/**
 * An agent's generation moves only when something of its own changes. What was added and removed again before anybody
 * computed the agent's desired state is no change, so its generation never reaches the revision: a connected agent
 * that runs all it should run, some time after the revision, has withdrawn it as well.
 */
function hasWithdrawn(agent: Row<'agents'>, revision: number, settled: boolean): boolean {
  if (agent.running_generation >= revision) return true;
  return settled && agent.session_id !== null && agent.running_generation === agent.desired_generation;
}
