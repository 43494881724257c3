import type { AgentRole } from '../store/agents.ts';
import { deleteContainer } from '../store/containers.ts';
import { bumpSite } from '../store/site-changes.ts';
import type { StepContext } from './saga.ts';
import { activeAgents, allRun } from './site-agents.ts';

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
  const { store, operation } = context;
  await context.waitFor(async () => allRun(await activeAgents(store.db, operation.siteId, role), revision));
}
