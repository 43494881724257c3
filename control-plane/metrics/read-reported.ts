import { type Figures, Role } from '@berth/proto/agent/v1/session_pb.js';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Db } from '../store/store.ts';
import { AGENTS } from './agent-definitions.ts';
import { Samples } from './samples.ts';

type At = { site: string; agent: string };
type Reported = Samples<typeof AGENTS>;

const ROLES = ['NGINX', 'DNSMASQ', 'PROXMOX'] as const;

/** Puts what agents report under their names. @param figures by agent */
export async function readReported(db: Db, figures: ReadonlyMap<string, Figures>): Promise<Reported> {
  const samples = new Samples(AGENTS);
  if (figures.size === 0) return samples;
  const rows = await db
    .selectFrom('agents')
    .innerJoin('sites', 'sites.id', 'agents.site_id')
    .select(['agents.id', 'agents.name as agent', 'sites.name as site'])
    .where('agents.status', '=', 'active')
    .execute();
  for (const { id, agent, site } of rows) {
    const told = figures.get(id);
    if (told) putAll(samples, { site, agent }, told);
  }
  return samples;
}

function putAll(samples: Reported, at: At, told: Figures): void {
  samples.put('berth_agent_resident_memory_bytes', at, Number(told.residentBytes));
  samples.put('berth_agent_cpu_seconds_total', at, told.cpuSeconds);
  if (told.startedAt) samples.put('berth_agent_start_time_seconds', at, timestampMs(told.startedAt) / 1000);
  samples.put('berth_agent_link_reconnects_total', at, Number(told.reconnects));
  samples.put('berth_agent_commands_total', { ...at, result: 'succeeded' }, Number(told.commandsSucceeded));
  samples.put('berth_agent_commands_total', { ...at, result: 'failed' }, Number(told.commandsFailed));
  for (const name of ROLES) {
    const counts = told.roles.find(({ role }) => role === Role[name]);
    if (!counts) continue;
    const of = { ...at, role: name.toLowerCase() };
    samples.put('berth_agent_applies_total', { ...of, result: 'running' }, Number(counts.appliesRunning));
    samples.put('berth_agent_applies_total', { ...of, result: 'rejected' }, Number(counts.appliesRejected));
    samples.put('berth_agent_apply_seconds_total', of, counts.applySeconds);
    samples.put('berth_agent_drift_repairs_total', of, Number(counts.driftRepairs));
  }
  if (told.nginx) putNginx(samples, at, told.nginx);
  if (told.dnsmasq) {
    samples.put('berth_dnsmasq_leases', at, Number(told.dnsmasq.leases));
    samples.put('berth_dnsmasq_restarts_total', at, Number(told.dnsmasq.restarts));
    samples.put('berth_dnsmasq_reloads_total', at, Number(told.dnsmasq.reloads));
  }
  if (told.pve) putPve(samples, at, told.pve);
}

function putNginx(samples: Reported, at: At, nginx: NonNullable<Figures['nginx']>): void {
  samples.put('berth_nginx_reloads_total', { ...at, result: 'served' }, Number(nginx.reloads));
  samples.put('berth_nginx_reloads_total', { ...at, result: 'failed' }, Number(nginx.failedReloads));
  samples.put('berth_nginx_reload_seconds_total', at, nginx.reloadSeconds);
  samples.put('berth_nginx_workers', at, nginx.workers);
  const { connections } = nginx;
  if (!connections) return;
  samples.put('berth_nginx_connections', { ...at, state: 'reading' }, Number(connections.reading));
  samples.put('berth_nginx_connections', { ...at, state: 'writing' }, Number(connections.writing));
  samples.put('berth_nginx_connections', { ...at, state: 'waiting' }, Number(connections.waiting));
  samples.put('berth_nginx_connections_total', at, Number(connections.accepted));
  samples.put('berth_nginx_requests_total', at, Number(connections.requests));
}

function putPve(samples: Reported, at: At, pve: NonNullable<Figures['pve']>): void {
  samples.put('berth_pve_requests_total', { ...at, result: 'answered' }, Number(pve.requestsAnswered));
  samples.put('berth_pve_requests_total', { ...at, result: 'refused' }, Number(pve.requestsRefused));
  samples.put('berth_pve_requests_total', { ...at, result: 'failed' }, Number(pve.requestsFailed));
  samples.put('berth_pve_request_seconds_total', at, pve.requestSeconds);
  samples.put('berth_pve_tasks_total', { ...at, result: 'succeeded' }, Number(pve.tasksSucceeded));
  samples.put('berth_pve_tasks_total', { ...at, result: 'failed' }, Number(pve.tasksFailed));
}
