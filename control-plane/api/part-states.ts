import type { ContainerView } from '../app/containers/container-views.ts';
import { holdsRevision, runsRevision } from '../store/agent-revisions.ts';
import { type AgentRole, rolesOf } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';

/** How far one part of a container is. */
export interface Part {
  ready: boolean;
  summary: string;
}

/** Address: reserved in the database, acknowledged by dnsmasq, leased by the guest. */
export function addressState(view: ContainerView): Part {
  const { container, lease } = view;
  if (container.phase === 'deleting') return { ready: false, summary: `${container.address} is being freed` };
  const servers = withRole(view, 'dnsmasq');
  const late = servers.find((agent) => !holdsRevision(agent, view.reservedRevision));
  if (servers.length === 0) return { ready: false, summary: 'reserved; the site has no dnsmasq agent' };
  if (late) return { ready: false, summary: `reserved; not acknowledged by ${late.name} yet` };
  const acknowledged = `reserved, acknowledged by ${namesOf(servers)}`;
  if (!lease) {
    const stopped = container.power === 'stopped';
    return { ready: stopped, summary: `${acknowledged}; ${stopped ? 'the guest is stopped' : 'not leased yet'}` };
  }
  if (lease.address === container.address) return { ready: true, summary: `${acknowledged}, leased by the guest` };
  return { ready: false, summary: `${acknowledged}; the guest has ${lease.address} instead` };
}

/** Name: known to the site's dnsmasq. */
export function nameState(view: ContainerView): Part {
  if (view.container.phase === 'deleting') return { ready: false, summary: 'is being withdrawn' };
  return servedBy(view, 'dnsmasq', 'known to');
}

/** Routes: served by the site's nginx. */
export function routesState(view: ContainerView): Part {
  if (view.container.phase === 'deleting') return { ready: false, summary: 'withdrawn' };
  if (view.services.length === 0) return { ready: true, summary: 'no services' };
  return servedBy(view, 'nginx', 'served by');
}

/** Guest: as its node sees it. */
export function guestState({ container, node, guest }: ContainerView): Part {
  if (!guest) return { ready: false, summary: `not seen on ${node.name} yet` };
  if (guest.exists_on_node !== 1) return { ready: false, summary: `not there on ${node.name}` };
  const lock = guest.lock_name === '' ? '' : `, locked (${guest.lock_name})`;
  return { ready: guest.power === container.power, summary: `${guest.power} on ${node.name}${lock}` };
}

function servedBy(view: ContainerView, role: AgentRole, verb: string): Part {
  const agents = withRole(view, role);
  if (agents.length === 0) return { ready: false, summary: `the site has no ${role} agent` };
  const ids = new Set(agents.map(({ id }) => id));
  const refused = view.conditions.find(
    ({ kind, agent_id }) => kind === 'quarantined' && agent_id !== null && ids.has(agent_id),
  );
  if (refused) return { ready: false, summary: `set aside: ${refused.message}` };
  const behind = agents.find((agent) => !runsRevision(agent, view.reservedRevision) || refuses(agent));
  if (!behind) return { ready: true, summary: `${verb} ${namesOf(agents)}` };
  const why = refuses(behind) ? `${behind.name} refuses its configuration` : `not ${verb} ${behind.name} yet`;
  return { ready: false, summary: why };
}

function refuses(agent: Row<'agents'>): boolean {
  return agent.rejected_generation > agent.running_generation;
}

function withRole({ agents }: ContainerView, role: AgentRole): Row<'agents'>[] {
  return agents.filter((agent) => rolesOf(agent).includes(role));
}

function namesOf(agents: readonly Row<'agents'>[]): string {
  return agents.map(({ name }) => name).join(', ');
}
