import { runCommand } from './run-command.ts';
import type { StepContext } from './saga.ts';
import { activeAgents } from './site-agents.ts';
import { placementOf } from './subject-rows.ts';

const DEADLINE_MS = 60_000;

/** Ends the guest's DHCP lease, so that its address is free at once instead of when the lease runs out. */
export async function releaseLease(context: StepContext): Promise<void> {
  const placement = await placementOf(context.store.db, context.operation.containerId);
  if (!placement) return;
  const { mac, address, site_id } = placement.container;
  for (const agent of await activeAgents(context.store.db, site_id, 'dnsmasq')) {
    await runCommand(context, {
      key: `release-lease ${agent.id}`,
      agentId: agent.id,
      deadlineMs: DEADLINE_MS,
      task: { case: 'releaseLease', value: { mac, address } },
    });
  }
}
