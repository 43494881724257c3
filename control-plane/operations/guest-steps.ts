import type { GuestStatus } from '@berth/proto/agent/v1/command_pb.js';
import { AppError } from '../errors.ts';
import { noteForeignVmid, pickVmid } from '../store/allocate.ts';
import { cancelCommand, commandById } from '../store/commands.ts';
import { putGuestStates } from '../store/guest-states.ts';
import { bumpSite } from '../store/site-changes.ts';
import { releaseLease } from './release-lease.ts';
import { runCommand } from './run-command.ts';
import type { StepContext } from './saga.ts';
import { guestRef, managingAgent, type Placement, placementOf, requirePlacement } from './subject-rows.ts';

const CREATE = 'create-guest';
const CREATE_MS = 15 * 60_000;
const POWER_MS = 5 * 60_000;
const SWAP_MIB = 512;
/** Seconds a guest gets to shut down cleanly before it is stopped hard. */
const GRACE_SECONDS = 30;

/** Creates the guest; a VMID that turns out to be a stranger's is noted and the next one taken. */
export async function createGuest(context: StepContext): Promise<void> {
  for (;;) {
    const placement = await requirePlacement(context);
    try {
      return await createWithVmid(context, placement);
    } catch (error) {
      if (!(error instanceof AppError) || error.reason !== 'vmid_taken') throw error;
      await takeNextVmid(context, placement);
    }
  }
}

async function createWithVmid(context: StepContext, placement: Placement): Promise<void> {
  const { container, node } = placement;
  if (!context.data.guestMayExist) await context.commit(async () => ({ guestMayExist: true }));
  await runCommand(context, {
    key: CREATE,
    agentId: await managingAgent(context, node),
    deadlineMs: CREATE_MS,
    task: {
      case: 'createGuest',
      value: {
        guest: guestRef(placement),
        template: container.template,
        cores: container.cores,
        memoryMib: container.memory_mib,
        swapMib: SWAP_MIB,
        diskGib: container.disk_gib,
        imageStorage: node.image_storage,
        volumeStorage: node.volume_storage,
        bridge: node.bridge,
        onBoot: true,
        unprivileged: true,
        nesting: true,
      },
    },
  });
}

async function takeNextVmid(context: StepContext, { container, node }: Placement): Promise<void> {
  await context.commit(async (tx) => {
    await noteForeignVmid(tx, node.cluster, container.vmid);
    const vmid = await pickVmid(tx, node.cluster);
    await tx.db.updateTable('containers').set({ vmid, updated_at: tx.now }).where('id', '=', container.id).execute();
    await bumpSite(tx, container.site_id, container.id);
    return {};
  });
  await context.log(`VMID ${container.vmid} belongs to a guest that is not ours; taking another.`);
}

/** Takes back `createGuest`: without asking the node when the command to create the guest never left. */
export async function undoCreateGuest(context: StepContext): Promise<void> {
  if (!context.data.guestMayExist) return;
  if (await withdrawUnsent(context)) return;
  await deleteGuest(context);
  await releaseLease(context);
}

async function withdrawUnsent(context: StepContext): Promise<boolean> {
  const id = context.data.commands?.[CREATE];
  if (!id) return false;
  await context.commit(async (tx) => {
    if ((await commandById(tx.db, id))?.state !== 'queued') return {};
    const { numDeletedRows } = await tx.db
      .deleteFrom('commands')
      .where('id', '=', id)
      .where('state', '=', 'queued')
      .executeTakeFirst();
    return numDeletedRows > 0n ? { guestMayExist: false } : {};
  });
  if (context.data.guestMayExist === false) return true;
  // Under way on the node: the sooner it stops, the sooner its lock is free for the deletion.
  await cancelCommand(context.store, id);
  return false;
}

/** Destroys the guest. A guest that is not there, or provably not ours, leaves nothing to destroy. */
export async function deleteGuest(context: StepContext): Promise<void> {
  const placement = await placementOf(context.store.db, context.operation.containerId);
  if (!placement) return;
  const agentId = await managingAgent(context, placement.node);
  const graceSeconds = context.data.force ? 0 : GRACE_SECONDS;
  try {
    await runCommand(context, {
      key: 'delete-guest',
      agentId,
      deadlineMs: CREATE_MS,
      task: { case: 'deleteGuest', value: { guest: guestRef(placement), graceSeconds } },
    });
  } catch (error) {
    if (!(error instanceof AppError) || !['guest_not_ours', 'guest_not_found'].includes(error.reason)) throw error;
    await context.log(`Nothing to destroy: ${error.message}`);
  }
}

/** Starts the guest. */
export async function startGuest(context: StepContext): Promise<void> {
  const placement = await requirePlacement(context);
  const { guest } = await runCommand(context, {
    key: 'start-guest',
    agentId: await managingAgent(context, placement.node),
    deadlineMs: POWER_MS,
    task: { case: 'startGuest', value: { guest: guestRef(placement) } },
  });
  await noteGuest(context, guest);
}

/** Stops the guest, at once when the operation says so. */
export async function stopGuest(context: StepContext): Promise<void> {
  const placement = await requirePlacement(context);
  const { guest } = await runCommand(context, {
    key: 'stop-guest',
    agentId: await managingAgent(context, placement.node),
    deadlineMs: POWER_MS,
    task: {
      case: 'stopGuest',
      value: { guest: guestRef(placement), graceSeconds: context.data.force ? 0 : GRACE_SECONDS },
    },
  });
  await noteGuest(context, guest);
}

/** Brings the guest's limits to those of its row. */
export async function configureGuest(context: StepContext): Promise<void> {
  const placement = await requirePlacement(context);
  const { container, node } = placement;
  const { guest } = await runCommand(context, {
    key: 'configure-guest',
    agentId: await managingAgent(context, node),
    deadlineMs: POWER_MS,
    task: {
      case: 'configureGuest',
      value: { guest: guestRef(placement), cores: container.cores, memoryMib: container.memory_mib },
    },
  });
  await noteGuest(context, guest);
}

/** The state the command left behind is shown at once instead of at the agent's next report. */
async function noteGuest(context: StepContext, guest: GuestStatus | undefined): Promise<void> {
  if (!guest) return;
  await context.commit(async (tx) => {
    await putGuestStates(tx, context.operation.siteId, [guest]);
    return {};
  });
}
