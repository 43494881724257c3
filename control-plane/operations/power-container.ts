import { awaitLease } from './await-lease.ts';
import { startGuest, stopGuest } from './guest-steps.ts';
import type { Saga, StepContext } from './saga.ts';

const MINUTE = 60_000;

/** Steps of "container.start". */
export const startContainer: Saga = {
  kind: 'container.start',
  steps: [
    {
      name: 'want',
      title: 'Note that it shall run',
      timeoutMs: MINUTE,
      retry: { attempts: 3 },
      do: want,
      undo: unwant,
    },
    { name: 'start-guest', title: 'Start the guest', timeoutMs: 5 * MINUTE, retry: { attempts: 8 }, do: startGuest },
    {
      name: 'await-lease',
      title: 'See the guest take its address',
      timeoutMs: 3 * MINUTE,
      retry: { attempts: 1 },
      do: awaitLease,
    },
  ],
};

/** Steps of "container.stop". */
export const stopContainer: Saga = {
  kind: 'container.stop',
  steps: [
    {
      name: 'want',
      title: 'Note that it shall stop',
      timeoutMs: MINUTE,
      retry: { attempts: 3 },
      do: want,
      undo: unwant,
    },
    { name: 'stop-guest', title: 'Stop the guest', timeoutMs: 5 * MINUTE, retry: { attempts: 8 }, do: stopGuest },
  ],
};

/** The verb has written the wish together with the operation. */
async function want(): Promise<void> {}

async function unwant(context: StepContext): Promise<void> {
  const power = context.data.before?.power;
  if (!power) return;
  await context.commit(async (tx) => {
    await tx.db
      .updateTable('containers')
      .set({ power, updated_at: tx.now })
      .where('id', '=', context.operation.containerId)
      .execute();
    tx.nudge({ kind: 'container', id: context.operation.containerId });
    return {};
  });
}
