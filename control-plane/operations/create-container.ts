/**
 * Creating a container. The verb has reserved everything in its own transaction, which is the first step; from then
 * on the name is known before the guest exists, the guest asks for an address that is already its own, and the
 * container counts as running only when a request through the ingress has reached it.
 */
import { AppError } from '../errors.ts';
import { servicesOf } from '../store/services.ts';
import { awaitLease } from './await-lease.ts';
import { giveLogins } from './give-logins.ts';
import { createGuest, startGuest, undoCreateGuest } from './guest-steps.ts';
import { probeServices } from './probe-services.ts';
import type { Look, Saga, StepContext } from './saga.ts';
import { activeAgents, allRun, quarantineOf } from './site-agents.ts';
import { awaitWithdrawn, releaseRows, withdrawRoutes } from './withdraw.ts';

const MINUTE = 60_000;

/** Steps of "container.create"; the first is done by the verb. */
export const createContainer: Saga = {
  kind: 'container.create',
  steps: [
    {
      name: 'reserve',
      title: 'Reserve node, VMID, address, name and ports',
      timeoutMs: MINUTE,
      retry: { attempts: 1 },
      do: async () => {},
      undo: unreserve,
    },
    {
      name: 'await-name',
      title: 'Have the name and the address known to dnsmasq',
      timeoutMs: 2 * MINUTE,
      retry: { attempts: 1 },
      do: (context) => awaitServed(context, 'dnsmasq', 'name_refused'),
    },
    {
      name: 'create-guest',
      title: 'Create the guest from its template',
      timeoutMs: 15 * MINUTE,
      retry: { attempts: 8 },
      do: createGuest,
      undo: undoCreateGuest,
    },
    {
      name: 'give-logins',
      title: 'Give it what it asks the directory with',
      timeoutMs: 5 * MINUTE,
      retry: { attempts: 8 },
      do: giveLogins,
    },
    {
      name: 'start-guest',
      title: 'Start the guest',
      timeoutMs: 5 * MINUTE,
      retry: { attempts: 8 },
      do: startGuest,
    },
    {
      name: 'await-lease',
      title: 'See the guest take its address',
      timeoutMs: 3 * MINUTE,
      retry: { attempts: 1 },
      do: awaitLease,
    },
    {
      name: 'await-routes',
      title: 'Have its routes served by nginx',
      timeoutMs: 2 * MINUTE,
      retry: { attempts: 1 },
      do: awaitRoutes,
    },
    {
      name: 'probe',
      title: 'Reach the guest through nginx',
      timeoutMs: 3 * MINUTE,
      retry: { attempts: 8 },
      do: probeServices,
    },
    {
      name: 'finish',
      title: 'Hand it over',
      timeoutMs: MINUTE,
      retry: { attempts: 3 },
      do: finish,
    },
  ],
};

async function unreserve(context: StepContext): Promise<void> {
  await withdrawRoutes(context);
  await awaitWithdrawn(context, 'nginx', context.data.withdrawnRevision ?? 0);
  await releaseRows(context);
  await awaitWithdrawn(context, 'dnsmasq', context.data.releasedRevision ?? 0);
}

async function awaitRoutes(context: StepContext): Promise<void> {
  const services = await servicesOf(context.store.db, [context.operation.containerId]);
  if (services.length > 0) await awaitServed(context, 'nginx', 'route_refused');
}

/** Waits until the agents of a role run the generation with the container in it, none of it quarantined. */
async function awaitServed(context: StepContext, role: 'dnsmasq' | 'nginx', reason: string): Promise<void> {
  const { siteId, containerId } = context.operation;
  const { db } = context.store;
  await context.waitFor(async (): Promise<Look<null>> => {
    const agents = await activeAgents(db, siteId, role);
    if (agents.length === 0) return { waiting: `the site has no ${role} agent` };
    for (const agent of agents) {
      const words = await quarantineOf(db, agent.id, containerId);
      if (words) throw new AppError('failed_precondition', { reason, message: `${agent.name} refuses ${words}` });
    }
    return allRun(agents, context.data.reservedRevision ?? 0);
  });
}

async function finish(context: StepContext): Promise<void> {
  const { containerId } = context.operation;
  await context.commit(async (tx) => {
    await tx.db
      .updateTable('containers')
      .set({ phase: 'ready', updated_at: tx.now })
      .where('id', '=', containerId)
      .where('phase', '=', 'creating')
      .execute();
    tx.nudge({ kind: 'container', id: containerId });
    return {};
  });
}
