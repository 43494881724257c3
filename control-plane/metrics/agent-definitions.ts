import { counter, type Definitions, gauge } from './definition.ts';

const AGENT = ['site', 'agent'] as const;

/** What agents report over their sessions; told by the replica that holds the session. Counters begin anew with each start of an agent. */
export const AGENTS = {
  berth_agent_resident_memory_bytes: gauge('Resident memory of an agent.', ...AGENT),
  berth_agent_cpu_seconds_total: counter('CPU time that an agent has used.', ...AGENT),
  berth_agent_start_time_seconds: gauge('When an agent was started, seconds since the epoch.', ...AGENT),
  berth_agent_link_reconnects_total: counter('Sessions that an agent opened after its first.', ...AGENT),
  berth_agent_applies_total: counter('Applies of desired state by an agent.', ...AGENT, 'role', 'result'),
  berth_agent_apply_seconds_total: counter('Time that an agent spent with applies.', ...AGENT, 'role'),
  berth_agent_drift_repairs_total: counter('Files somebody else had changed that were put right.', ...AGENT, 'role'),
  berth_agent_commands_total: counter('Commands that an agent has ended.', ...AGENT, 'result'),
  berth_nginx_reloads_total: counter('Reloads and starts of nginx.', ...AGENT, 'result'),
  berth_nginx_reload_seconds_total: counter('Time until reloads of nginx were served.', ...AGENT),
  berth_nginx_workers: gauge('Worker processes of nginx, old ones that linger included.', ...AGENT),
  berth_nginx_connections: gauge('Connections of nginx, by state.', ...AGENT, 'state'),
  berth_nginx_connections_total: counter('Connections that nginx has accepted.', ...AGENT),
  berth_nginx_requests_total: counter('Requests that nginx has taken.', ...AGENT),
  berth_dnsmasq_leases: gauge('Leases in the lease file of dnsmasq.', ...AGENT),
  berth_dnsmasq_restarts_total: counter('Starts and restarts of dnsmasq by its agent.', ...AGENT),
  berth_dnsmasq_reloads_total: counter('Times dnsmasq was told to read its files anew.', ...AGENT),
  berth_pve_requests_total: counter('Requests to the PVE API, by the class of the answer.', ...AGENT, 'result'),
  berth_pve_request_seconds_total: counter('Time spent waiting for the PVE API.', ...AGENT),
  berth_pve_tasks_total: counter('Tasks of PVE that were waited for.', ...AGENT, 'result'),
} satisfies Definitions;
