import type { GuestRef } from '@berth/proto/agent/v1/command_pb.js';
import { AppError } from '../errors.ts';
import { containerById } from '../store/containers.ts';
import type { Row } from '../store/schema.ts';
import type { Db } from '../store/store.ts';
import type { StepContext } from './saga.ts';
import { agentInCharge } from './site-agents.ts';

/** A container's row with its node's. */
export interface Placement {
  container: Row<'containers'>;
  node: Row<'nodes'>;
}

/** The operation's container and its node, or undefined once the container's rows are gone. */
export async function placementOf(db: Db, containerId: string): Promise<Placement | undefined> {
  const container = await containerById(db, containerId);
  if (!container) return undefined;
  const node = await db.selectFrom('nodes').selectAll().where('id', '=', container.node_id).executeTakeFirstOrThrow();
  return { container, node };
}

/** Like `placementOf`. @throws AppError when the container is gone, which only a bug brings about */
export async function requirePlacement(context: StepContext): Promise<Placement> {
  const placement = await placementOf(context.store.db, context.operation.containerId);
  if (!placement) throw new AppError('aborted', { reason: 'container_gone', message: 'The container is gone.' });
  return placement;
}

/** How commands name the guest. */
export function guestRef({ container, node }: Placement): Omit<GuestRef, '$typeName' | '$unknown'> {
  return {
    node: node.name,
    vmid: container.vmid,
    hostname: container.hostname,
    mac: container.mac,
    containerId: container.id,
  };
}

/** The agent that manages the node. @throws AppError "no_proxmox_agent", worth trying again */
export async function managingAgent(context: StepContext, node: Row<'nodes'>): Promise<string> {
  const agent = await agentInCharge(context.store.db, node);
  if (agent) return agent.id;
  throw new AppError('unavailable', {
    reason: 'no_proxmox_agent',
    message: `No proxmox agent is in charge of node ${node.name}.`,
  });
}
