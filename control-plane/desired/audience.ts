/**
 * Desired state: what each agent must hold, derived from the rows of its site.
 *
 * Resources go to audiences, one a role: all nginx agents of a site hold the same, all dnsmasq agents too, and each
 * proxmox agent the nodes it is in charge of with their guests. Two pure functions say which rows give which
 * resources. A `SiteView` keeps the answer for one site in memory, indexed by container, and follows the site's
 * revisions: a change costs what its containers cost, whatever the size of the site. What agents need to get from
 * what they hold to what they should is looked up in a short log of changes, found by the digest they report.
 */
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';

/** Who holds the same set of resources. */
export type AudienceName = 'nginx' | 'dnsmasq' | `proxmox:${string}`;

/** A resource and who must hold it. */
export interface Placed {
  audience: AudienceName;
  resource: Resource;
}

/** The audiences an agent belongs to. */
export function audiencesOf(agent: { id: string; roles: readonly string[] }): AudienceName[] {
  return agent.roles.flatMap((role): AudienceName[] => {
    if (role === 'nginx' || role === 'dnsmasq') return [role];
    return role === 'proxmox' ? [proxmoxAudience(agent.id)] : [];
  });
}

/** The audience of one proxmox agent. */
export function proxmoxAudience(agentId: string): AudienceName {
  return `proxmox:${agentId}`;
}
