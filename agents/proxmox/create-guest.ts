import { CommandFailureCode, type CreateGuest } from '@berth/proto/agent/v1/command_pb.js';
import { upidAnswer } from './answers.ts';
import { creationParams } from './creation-params.ts';
import { isFailure, PveFailure } from './failure.ts';
import { readStatus } from './guest-status.ts';
import { awaitOwnCreation, type GuestWork, waitFor, whileLocked } from './guest-work.ts';
import { findGuest, type GuestPlace } from './locate.ts';
import { resolveTemplate } from './template.ts';

/** How a command on a guest ended well. */
export interface GuestDone {
  warnings: string[];
  guest: Awaited<ReturnType<typeof readStatus>>;
}

/**
 * Creates a container, once. What PVE hides while it creates (whose the guest is) our own notes and the list of our
 * token's tasks tell: the intent is on disk before the request, the UPID right after the answer, and whoever comes
 * here again looks for a task or a guest of ours before asking PVE a second time. An agent that is stopped or told to
 * cancel only stops waiting: the task runs on, for the next run to find or for DeleteGuest to take away.
 */
export async function createGuest(work: GuestWork, task: CreateGuest): Promise<GuestDone> {
  const { upid } = work.context.notes.read();
  let warnings = upid === undefined ? [] : await resume(work, upid);
  for (let again = true; ; again = false) {
    const found = await existing(work);
    if (found) return { warnings, guest: await readStatus(found) };
    try {
      warnings = await begin(work, task);
    } catch (error) {
      // Our own earlier request may have come through after all; look once more before believing that it is taken.
      if (!again || !isFailure(error, CommandFailureCode.VMID_TAKEN)) throw error;
    }
  }
}

/** The place of our guest when it is there already; undefined when there is none. @throws PveFailure VMID_TAKEN */
async function existing(work: GuestWork): Promise<GuestPlace | undefined> {
  const { nodes, ref } = work;
  let found = await findGuest(nodes, ref);
  if (found.state === 'creating' && (await awaitOwnCreation(work, found.place))) found = await findGuest(nodes, ref);
  if (found.state === 'missing') return undefined;
  if (found.state === 'ours') return found.place;
  const who = found.config.hostname === undefined ? '' : ` by ${found.config.hostname}`;
  throw new PveFailure(CommandFailureCode.VMID_TAKEN, `VMID ${ref.vmid} is taken${who}`);
}

/** Waits for the task an earlier run began. A task PVE has forgotten says nothing; the guest will. */
async function resume(work: GuestWork, upid: string): Promise<string[]> {
  try {
    return (await waitFor(work, work.nodes.client(work.ref.node), upid)).warnings;
  } catch (error) {
    if (isFailure(error, CommandFailureCode.NOT_FOUND)) return [];
    throw error;
  }
}

async function begin(work: GuestWork, task: CreateGuest): Promise<string[]> {
  const { ref, nodes, context } = work;
  const client = nodes.client(ref.node);
  const template = await resolveTemplate(client, ref.node, task.imageStorage, task.template);
  const params = creationParams(ref, task, template);
  const intent = { intent: 'create', node: ref.node, vmid: String(ref.vmid) };
  return whileLocked(work, async () => {
    await context.notes.write(intent);
    const upid = await client.post(`/nodes/${encodeURIComponent(ref.node)}/lxc`, upidAnswer, params);
    await context.notes.write({ ...intent, upid });
    return (await waitFor(work, client, upid)).warnings;
  });
}
