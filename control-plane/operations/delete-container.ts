/**
 * Deleting a container: traffic is cut first, the guest goes next, and its address and name are free for others only
 * when nothing on any host can still mean the old container. It never gives up; what it waits for is on its page.
 */

import { servicesOf } from '../store/services.ts';
import { deleteGuest } from './guest-steps.ts';
import { releaseLease } from './release-lease.ts';
import type { Saga, Step, StepContext } from './saga.ts';
import { awaitWithdrawn, releaseRows } from './withdraw.ts';

const MINUTE = 60_000;

const step = (name: string, title: string, minutes: number, run: Step['do']): Step => ({
  name,
  title,
  timeoutMs: minutes * MINUTE,
  retry: 'forEver',
  do: run,
});

/** Steps of "container.delete". */
export const deleteContainer: Saga = {
  kind: 'container.delete',
  steps: [
    step('withdraw-routes', 'Take its routes from nginx', 2, withdraw),
    step('delete-guest', 'Destroy the guest', 15, deleteGuest),
    step('release-lease', 'End its DHCP lease', 2, releaseLease),
    step('release', 'Free its address, name and ports', 1, releaseRows),
    step('withdraw-name', 'Take its name and reservation from dnsmasq', 2, (context) =>
      awaitWithdrawn(context, 'dnsmasq', context.data.releasedRevision ?? 0),
    ),
  ],
};

async function withdraw(context: StepContext): Promise<void> {
  const services = await servicesOf(context.store.db, [context.operation.containerId]);
  if (services.length > 0) await awaitWithdrawn(context, 'nginx', context.data.withdrawnRevision ?? 0);
}
