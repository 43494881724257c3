import { Role } from '@berth/proto/agent/v1/session_pb.js';
import { type AgentConfig, checked } from './config.ts';
import type { RoleModule } from './shared/role.ts';

/** Names of roles as they stand in configuration and on the command line. */
export const ROLES = { nginx: Role.NGINX, dnsmasq: Role.DNSMASQ, proxmox: Role.PROXMOX } as const;

/** Name of a role. */
export type RoleName = keyof typeof ROLES;

/** Only the code of the roles that a host has is loaded. */
const LOADERS: Record<RoleName, (section: unknown) => Promise<RoleModule>> = {
  async nginx(section) {
    const { createNginxRole } = await import('./nginx/role.ts');
    const { nginxConfigSchema } = await import('./nginx/config.ts');
    return createNginxRole(checked(nginxConfigSchema, section, 'roles.nginx'));
  },
  async dnsmasq(section) {
    const { createDnsmasqRole } = await import('./dnsmasq/role.ts');
    const { dnsmasqConfigSchema } = await import('./dnsmasq/config.ts');
    return createDnsmasqRole(checked(dnsmasqConfigSchema, section, 'roles.dnsmasq'));
  },
  async proxmox(section) {
    const { createProxmoxRole } = await import('./proxmox/role.ts');
    const { proxmoxConfigSchema } = await import('./proxmox/config.ts');
    return createProxmoxRole(checked(proxmoxConfigSchema, section, 'roles.proxmox'));
  },
};

/** Makes the configured roles. @throws ConfigError when a section is wrong */
export function loadRoles(roles: AgentConfig['roles']): Promise<RoleModule[]> {
  const names = (Object.keys(ROLES) as RoleName[]).filter((name) => roles[name] !== undefined);
  return Promise.all(names.map((name) => LOADERS[name](roles[name])));
}

/** Whether a word names a role. */
export function isRoleName(word: string): word is RoleName {
  return Object.hasOwn(ROLES, word);
}

/** Directory name of a role's own state. */
export function nameOf(role: Role): string {
  return Role[role].toLowerCase();
}
