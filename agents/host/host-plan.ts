/**
 * What a host is to be: the roles with the ports, addresses and interfaces they take. Made from the options of
 * `berth-agent enroll`, or from the configuration that is there already, which is never overwritten.
 */
import * as z from 'zod';
import { agentConfigSchema, checked } from '../config.ts';
import { type DnsmasqConfig, dnsmasqConfigSchema } from '../dnsmasq/config.ts';
import { type NginxConfig, nginxConfigSchema } from '../nginx/config.ts';
import type { RoleName } from '../roles.ts';

/** What an administrator may want otherwise than usual. */
export interface HostOptions {
  roles: readonly RoleName[];
  /** Ports of nginx. */
  httpPort?: number;
  httpsPort?: number;
  /** Addresses nginx and dnsmasq listen on. */
  listen?: readonly string[];
  /** Interfaces dnsmasq serves. */
  interfaces?: readonly string[];
  dnsPort?: number;
  /** Whether dnsmasq hands out addresses. */
  dhcp?: boolean;
}

/** A configuration file's content. */
export type AgentConfigInput = z.input<typeof agentConfigSchema>;

/** The configuration with each role's section checked. */
export interface HostPlan {
  nginx?: NginxConfig;
  dnsmasq?: DnsmasqConfig;
  proxmox: boolean;
}

/** The configuration file for these options: what differs from the defaults, and nothing else. */
export function configFor(options: HostOptions): AgentConfigInput {
  const { roles, httpPort, httpsPort, listen, interfaces, dnsPort, dhcp } = options;
  const nginx = { httpPort, httpsPort, listen };
  const dnsmasq = { interfaces, listenAddresses: listen, dnsPort, dhcp };
  const sections = { nginx, dnsmasq, proxmox: {} };
  return { roles: Object.fromEntries(roles.map((role) => [role, given(sections[role])])) };
}

/** Checks a configuration as the agent will. @param where stands before each field @throws ConfigError */
export function planOf(config: unknown, where: string): HostPlan {
  const { roles } = checked(agentConfigSchema, config, where);
  return {
    ...(roles.nginx && { nginx: checked(nginxConfigSchema, roles.nginx, `${where}: roles.nginx`) }),
    ...(roles.dnsmasq && { dnsmasq: checked(dnsmasqConfigSchema, roles.dnsmasq, `${where}: roles.dnsmasq`) }),
    proxmox: roles.proxmox !== undefined,
  };
}

/** What a configuration that is there says otherwise than the options want; empty when they agree. */
export function contradictions(there: unknown, options: HostOptions): string[] {
  const roles = z.looseObject({ roles: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(there).roles;
  return Object.entries(configFor(options).roles).flatMap(([role, section]) => {
    const own = roles[role];
    if (own === undefined) return [`roles.${role}: missing`];
    const wanted = Object.entries(section ?? {});
    return wanted
      .filter(([name, value]) => JSON.stringify(own[name]) !== JSON.stringify(value))
      .map(([name, value]) => `roles.${role}.${name}: must be ${JSON.stringify(value)}`);
  });
}

function given(section: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
}
