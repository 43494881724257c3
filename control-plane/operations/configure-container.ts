import { configureGuest } from './guest-steps.ts';
import type { Saga, StepContext } from './saga.ts';

const MINUTE = 60_000;

/** Steps of "container.configure"; the verb has written the new limits together with the operation. */
export const configureContainer: Saga = {
  kind: 'container.configure',
  steps: [
    {
      name: 'note-limits',
      title: 'Note the new limits',
      timeoutMs: MINUTE,
      retry: { attempts: 3 },
      do: async () => {},
      undo: restoreLimits,
    },
    {
      name: 'configure-guest',
      title: 'Give the guest its new limits',
      timeoutMs: 5 * MINUTE,
      retry: { attempts: 8 },
      do: configureGuest,
    },
  ],
};

async function restoreLimits(context: StepContext): Promise<void> {
  const { cores, memoryMib } = context.data.before ?? {};
  if (cores === undefined || memoryMib === undefined) return;
  await context.commit(async (tx) => {
    await tx.db
      .updateTable('containers')
      .set({ cores, memory_mib: memoryMib, updated_at: tx.now })
      .where('id', '=', context.operation.containerId)
      .execute();
    tx.nudge({ kind: 'container', id: context.operation.containerId });
    return {};
  });
}
