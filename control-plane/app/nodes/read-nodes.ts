import type { GetNodeRequest, ListNodesRequest } from '@berth/proto/api/v1/nodes_pb.js';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findNode, findSiteIfNamed } from '../find.ts';
import { nameKey, type Page, readPage, splitNameKey } from '../page.ts';

/** A node with everything its page shows. */
export interface NodeView {
  node: Row<'nodes'>;
  containers: number;
  conditions: Row<'conditions'>[];
}

/** Reads a node. */
export async function getNode({ store }: AppDeps, caller: Caller, request: GetNodeRequest): Promise<NodeView> {
  authorise(caller, 'NodesService.GetNode');
  return nodeView(store.db, await findNode(store.db, request.node, 'node'));
}

/** Lists nodes by name. */
export async function listNodes(
  { store }: AppDeps,
  caller: Caller,
  request: ListNodesRequest,
): Promise<Page<NodeView>> {
  authorise(caller, 'NodesService.ListNodes');
  const site = await findSiteIfNamed(store.db, request.site, 'site');
  const page = await readPage(`nodes ${site?.id ?? ''}`, request, nameKey, (key, limit) => {
    let query = store.db.selectFrom('nodes').selectAll().orderBy('name').orderBy('id').limit(limit);
    if (site) query = query.where('site_id', '=', site.id);
    if (key !== undefined) {
      const { name, id } = splitNameKey(key);
      query = query.where((row) =>
        row.or([row('name', '>', name), row.and([row('name', '=', name), row('id', '>', id)])]),
      );
    }
    return query.execute();
  });
  return { ...page, rows: await nodeViews(store.db, page.rows) };
}

/** The view of one node. */
async function nodeView(db: Db, node: Row<'nodes'>): Promise<NodeView> {
  const [view] = await nodeViews(db, [node]);
  return view ?? { node, containers: 0, conditions: [] };
}

async function nodeViews(db: Db, nodes: readonly Row<'nodes'>[]): Promise<NodeView[]> {
  if (nodes.length === 0) return [];
  const counts = await db
    .selectFrom('containers')
    .select((by) => ['node_id', by.fn.countAll<number>().as('count')])
    .where(
      'node_id',
      'in',
      nodes.map(({ id }) => id),
    )
    .groupBy('node_id')
    .execute();
  const conditions = await db
    .selectFrom('conditions')
    .selectAll()
    .where('kind', 'in', ['node_unreachable', 'node_rights'])
    .where(
      'subject',
      'in',
      nodes.map(({ name }) => name),
    )
    .execute();
  return nodes.map((node) => ({
    node,
    containers: Number(counts.find(({ node_id }) => node_id === node.id)?.count ?? 0),
    conditions: conditions.filter(({ site_id, subject }) => site_id === node.site_id && subject === node.name),
  }));
}
