import { Role } from '@berth/proto/agent/v1/session_pb.js';
import type { AgentRole } from '../store/agents.ts';

const NAMES = new Map<Role, AgentRole>([
  [Role.NGINX, 'nginx'],
  [Role.DNSMASQ, 'dnsmasq'],
  [Role.PROXMOX, 'proxmox'],
]);

/** Roles as rows keep them; a role this version does not know is left out. */
export function roleNames(roles: readonly Role[]): AgentRole[] {
  return roles.map((role) => NAMES.get(role)).filter((name) => name !== undefined);
}
