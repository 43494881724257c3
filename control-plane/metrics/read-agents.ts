import { type AgentState, agentState } from '../fleet/agent-state.ts';
import { rolesOf } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { StoreSamples } from './store-figures.ts';

/** An agent and whether it is heard. */
export interface HeardAgent {
  row: Row<'agents'>;
  state: AgentState;
}

/** Puts in what is known of each agent. @returns them, revoked ones left out */
export async function agentFigures(
  store: Store,
  samples: StoreSamples,
  sites: ReadonlyMap<string, string>,
  fleetStartedAt: number,
): Promise<HeardAgent[]> {
  const rows = await store.db.selectFrom('agents').selectAll().where('status', '=', 'active').execute();
  const quarantined = await quarantinedBy(store);
  const now = store.clock.now();
  const heard = rows.map((row) => ({ row, state: agentState(row, now, fleetStartedAt) }));
  for (const { row, state } of heard) {
    const at = { site: sites.get(row.site_id) ?? '', agent: row.name };
    samples.put('berth_agent_info', { ...at, roles: rolesOf(row).join(','), version: row.version }, 1);
    samples.put('berth_agent_connected', at, Number(state === 'connected'));
    if (row.last_seen_at !== null) {
      samples.put('berth_agent_last_seen_timestamp_seconds', at, row.last_seen_at / 1000);
    }
    samples.put('berth_agent_certificate_end_timestamp_seconds', at, row.certificate_expires_at / 1000);
    samples.put('berth_agent_desired_generation', at, row.desired_generation);
    samples.put('berth_agent_acknowledged_generation', at, row.acked_generation);
    samples.put('berth_agent_running_generation', at, row.running_generation);
    samples.put('berth_agent_behind', at, Number(row.running_generation !== row.desired_generation));
    samples.put('berth_agent_config_rejected', at, Number(row.rejected_generation > 0));
    samples.put('berth_agent_quarantined_resources', at, quarantined.get(row.id) ?? 0);
  }
  return heard;
}

async function quarantinedBy(store: Store): Promise<Map<string, number>> {
  const rows = await store.db
    .selectFrom('conditions')
    .select((eb) => ['agent_id', eb.fn.countAll<number>().as('count')])
    .where('kind', '=', 'quarantined')
    .groupBy('agent_id')
    .execute();
  return new Map(rows.map(({ agent_id, count }) => [agent_id ?? '', Number(count)]));
}
