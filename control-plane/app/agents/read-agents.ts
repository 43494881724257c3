import type { GetAgentRequest, ListAgentsRequest, WatchAgentsRequest } from '@berth/proto/api/v1/agents_pb.js';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { administeredSites, authorise, type Caller } from '../caller.ts';
import { findAgent, findSiteIfNamed } from '../find.ts';
import { nameKey, type Page, readPage, splitNameKey } from '../page.ts';

/** An agent with what holds of it. */
export interface AgentView {
  agent: Row<'agents'>;
  conditions: Row<'conditions'>[];
}

/** Reads an agent. */
export async function getAgent({ store }: AppDeps, caller: Caller, request: GetAgentRequest): Promise<AgentView> {
  return agentView(store.db, await findAgent(store.db, caller, request.agent, 'agent', 'AgentsService.GetAgent'));
}

/** Lists agents by name. */
export async function listAgents(
  { store }: AppDeps,
  caller: Caller,
  request: ListAgentsRequest,
): Promise<Page<AgentView>> {
  authorise(caller, 'AgentsService.ListAgents');
  const site = await findSiteIfNamed(store.db, request.site, 'site');
  const sites = administeredSites(caller);
  const page = await readPage(`agents ${site?.id ?? ''}`, request, nameKey, (key, limit) => {
    let query = store.db.selectFrom('agents').selectAll().orderBy('name').orderBy('id').limit(limit);
    if (site) query = query.where('site_id', '=', site.id);
    if (sites) query = query.where('site_id', 'in', sites);
    if (key !== undefined) {
      const { name, id } = splitNameKey(key);
      query = query.where((row) =>
        row.or([row('name', '>', name), row.and([row('name', '=', name), row('id', '>', id)])]),
      );
    }
    return query.execute();
  });
  return { ...page, rows: await agentViews(store.db, page.rows) };
}

/** Every agent a watcher sees, by name. */
export async function watchedAgents(
  { store }: AppDeps,
  caller: Caller,
  request: WatchAgentsRequest,
): Promise<AgentView[]> {
  authorise(caller, 'AgentsService.WatchAgents');
  const site = await findSiteIfNamed(store.db, request.site, 'site');
  const sites = administeredSites(caller);
  let query = store.db.selectFrom('agents').selectAll().orderBy('name').orderBy('id');
  if (site) query = query.where('site_id', '=', site.id);
  if (sites) query = query.where('site_id', 'in', sites);
  return agentViews(store.db, await query.execute());
}

/** The view of one agent. */
export async function agentView(db: Db, agent: Row<'agents'>): Promise<AgentView> {
  const [view] = await agentViews(db, [agent]);
  return view ?? { agent, conditions: [] };
}

async function agentViews(db: Db, agents: readonly Row<'agents'>[]): Promise<AgentView[]> {
  if (agents.length === 0) return [];
  const ids = agents.map(({ id }) => id);
  const conditions = await db
    .selectFrom('conditions')
    .selectAll()
    .where('agent_id', 'in', ids)
    .orderBy('since', 'desc')
    .execute();
  return agents.map((agent) => ({ agent, conditions: conditions.filter(({ agent_id }) => agent_id === agent.id) }));
}
