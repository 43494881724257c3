import { AppError } from '../errors.ts';
import type { Look, StepContext } from './saga.ts';
import { requirePlacement } from './subject-rows.ts';

/**
 * Waits for the lease report that shows the guest with exactly its reserved address.
 * @throws AppError "lease_conflict" when it took another one
 */
export async function awaitLease(context: StepContext): Promise<void> {
  const { container } = await requirePlacement(context);
  const { db } = context.store;
  await context.waitFor(async (): Promise<Look<null>> => {
    const lease = await db
      .selectFrom('leases')
      .select('address')
      .where('site_id', '=', container.site_id)
      .where('mac', '=', container.mac)
      .executeTakeFirst();
    if (!lease) return { waiting: `${container.mac} has not asked for its address yet` };
    if (lease.address === container.address) return { done: null };
    throw new AppError('failed_precondition', {
      reason: 'lease_conflict',
      message: `The guest took ${lease.address} though ${container.address} is reserved for it.`,
    });
  });
}
