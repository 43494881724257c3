import {
  type CreateNodeRequest,
  CreateNodeRequestSchema,
  type DeleteNodeRequest,
  NodeSchema,
  type UpdateNodeRequest,
} from '@berth/proto/api/v1/nodes_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError, invalid, taken } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { agentById, rolesOf } from '../../store/agents.ts';
import { deleteNode, insertNode, type NodeChange, updateNode } from '../../store/nodes.ts';
import type { Row } from '../../store/schema.ts';
import { bumpSite } from '../../store/site-changes.ts';
import type { Db, Store, Tx } from '../../store/store.ts';
import { UniqueViolation } from '../../store/violations.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findNodeToAdminister, findSiteToAdminister } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { difference, record } from '../record.ts';
import { maskPaths } from '../validate/masks.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { checkNode, fieldsOfMessage, fieldsOfRow, NODE_PATHS, type NodeFields, withoutSecret } from './node-fields.ts';

/** Adds a node. @returns its identifier @throws AppError "node_name_taken" */
export async function createNode({ store }: AppDeps, caller: Caller, request: CreateNodeRequest): Promise<string> {
  authorise(caller, 'NodesService.CreateNode');
  const asked = request.node ?? create(NodeSchema);
  const fields = fieldsOfMessage(asked);
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('node.site', referenceFault(asked.site));
  checkNode(fields, new Set(NODE_PATHS), found);
  found.refuse();
  const call = { caller, schema: CreateNodeRequestSchema, request };
  const { outcome } = await namingTaken(fields.name, () =>
    createOnce(store, call, async (tx) => ({ node: await make(store, tx, caller, asked.site, fields) })),
  );
  return outcome.node;
}

async function make(store: Store, tx: Tx, caller: Caller, siteReference: string, fields: NodeFields): Promise<string> {
  const site = await findSiteToAdminister(tx.db, caller, siteReference, 'node.site', 'NodesService.CreateNode');
  await bumpSite(tx, site.id, null);
  await refuseTakenName(tx, site.id, fields.name, '');
  const id = newId('nod', tx.now);
  const { agent, schedulable, ...columns } = fields;
  await insertNode(tx, store.secrets, {
    id,
    site_id: site.id,
    ...columns,
    agent_id: await agentOf(tx.db, site.id, agent),
    schedulable: schedulable ? 1 : 0,
    created_at: tx.now,
    updated_at: tx.now,
  });
  const deed = { action: 'node.create', siteId: site.id, objectKind: 'node', objectId: id };
  await record(tx, caller, { ...deed, change: withoutSecret(fields) });
  return id;
}

/** Changes the fields the mask names. @returns the identifier */
export async function updateNodeVerb({ store }: AppDeps, caller: Caller, request: UpdateNodeRequest): Promise<string> {
  authorise(caller, 'NodesService.UpdateNode');
  const asked = request.node ?? create(NodeSchema);
  const fields = fieldsOfMessage(asked);
  const found = new Violations();
  const paths = maskPaths(request.updateMask, NODE_PATHS, found);
  found.check('node.id', referenceFault(asked.id));
  checkNode(fields, paths, found);
  found.refuse();
  const change = Object.fromEntries(Object.entries(fields).filter(([path]) => paths.has(path))) as Partial<NodeFields>;
  return namingTaken(fields.name, () =>
    store.transaction(async (tx) => {
      const node = await findNodeToAdminister(tx.db, caller, asked.id, 'node.id', 'NodesService.UpdateNode');
      await bumpSite(tx, node.site_id, null);
      if (change.name !== undefined) await refuseTakenName(tx, node.site_id, change.name, node.id);
      await refuseMovingGuests(tx.db, node, change);
      await updateNode(tx, store.secrets, node.id, await columnsOf(tx.db, node.site_id, change));
      const deed = { action: 'node.update', siteId: node.site_id, objectKind: 'node', objectId: node.id };
      await record(tx, caller, { ...deed, change: difference(fieldsOfRow(node), withoutSecret(change)) });
      return node.id;
    }),
  );
}

/** Removes a node without containers. @throws AppError "node_in_use" */
export async function deleteNodeVerb({ store }: AppDeps, caller: Caller, request: DeleteNodeRequest): Promise<void> {
  await store.transaction(async (tx) => {
    const node = await findNodeToAdminister(tx.db, caller, request.node, 'node', 'NodesService.DeleteNode');
    await bumpSite(tx, node.site_id, null);
    if (await hasContainers(tx.db, node.id)) {
      throw new AppError('failed_precondition', {
        reason: 'node_in_use',
        message: `Node ${node.name} still has containers; delete them first.`,
      });
    }
    await deleteNode(tx, node.id);
    const deed = { action: 'node.delete', siteId: node.site_id, objectKind: 'node', objectId: node.id };
    await record(tx, caller, { ...deed, objectName: node.name, change: { ...fieldsOfRow(node) } });
  });
}

async function columnsOf(db: Db, siteId: string, change: Partial<NodeFields>): Promise<NodeChange> {
  const { agent, schedulable, ...columns } = change;
  return {
    ...columns,
    ...(agent === undefined ? {} : { agent_id: await agentOf(db, siteId, agent) }),
    ...(schedulable === undefined ? {} : { schedulable: schedulable ? 1 : 0 }),
  };
}

/** The proxmox agent a node names. @throws AppError naming "node.agent" */
async function agentOf(db: Db, siteId: string, id: string): Promise<string | null> {
  if (id === '') return null;
  const row = await agentById(db, id);
  const fits = row?.site_id === siteId && row.status === 'active' && rolesOf(row).includes('proxmox');
  if (fits) return id;
  throw invalid([{ field: 'node.agent', description: 'must be the identifier of a proxmox agent of this site' }]);
}

/** A guest's identity is its VMID within its cluster on a named node; neither may change under it. */
async function refuseMovingGuests(db: Db, node: Row<'nodes'>, change: Partial<NodeFields>): Promise<void> {
  const moves = (['name', 'cluster'] as const).filter(
    (path) => change[path] !== undefined && change[path] !== node[path],
  );
  if (moves.length === 0 || !(await hasContainers(db, node.id))) return;
  throw invalid(
    moves.map((path) => ({ field: `node.${path}`, description: 'cannot change while the node has containers' })),
  );
}

async function hasContainers(db: Db, nodeId: string): Promise<boolean> {
  const row = await db.selectFrom('containers').select('id').where('node_id', '=', nodeId).executeTakeFirst();
  return row !== undefined;
}

async function refuseTakenName(tx: Tx, siteId: string, name: string, except: string): Promise<void> {
  const query = tx.db.selectFrom('nodes').select('id').where('site_id', '=', siteId).where('name', '=', name);
  const row = await query.executeTakeFirst();
  if (row && row.id !== except) throw nameTaken(name);
}

async function namingTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === 'nodes_name') throw nameTaken(name);
    throw error;
  }
}

function nameTaken(name: string): AppError {
  return taken('node_name_taken', 'node.name', `The site has a node "${name}" already.`);
}
