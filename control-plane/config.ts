import { resolve } from 'node:path';
import * as z from 'zod';
import { isNetwork } from './client-address.ts';
import { isServerAddress } from './dns/server-address.ts';

const address = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^\s:]+):\d{1,5}$/i, 'takes HOST:PORT')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  });

/** An address, or nothing for a port that is not opened. */
const addressOrNone = z
  .string()
  .transform((text) => (text.trim() === '' ? undefined : text))
  .pipe(address.optional());

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/** Every variable, with its description beside it; docs/reference/configuration.md is made of both. */
export const environment = z.object({
  /** Directory for the database, the key for secrets and the set-up code. */
  BERTH_STATE_DIR: z.string().default('/var/lib/berth'),
  /** sqlite:FILE, postgres://… or mysql://…; default: berth.db in the state directory. */
  BERTH_DATABASE_URL: z.string().optional(),
  /** File with the key for secrets; made at the first start. */
  BERTH_MASTER_KEY_FILE: z.string().optional(),
  /** Pages, API and enrolment, over TLS. */
  BERTH_LISTEN: address.prefault('0.0.0.0:8443'),
  /** Pages and API without TLS; refused anywhere but on loopback. */
  BERTH_PLAIN_LISTEN: address.optional(),
  /** Agent sessions. */
  BERTH_AGENT_LISTEN: address.prefault('0.0.0.0:8444'),
  /** Names and addresses under which this server is reached; they stand in its certificate. */
  BERTH_SERVER_NAMES: list.prefault('localhost,127.0.0.1,::1'),
  /** LDAPS for the containers, usually port 636; empty for none in this process (see `berth ldap`). */
  BERTH_LDAP_LISTEN: addressOrNone.prefault(''),
  /** LDAP with StartTLS, usually port 389; empty for none. */
  BERTH_LDAP_STARTTLS_LISTEN: addressOrNone.prefault(''),
  /** What agents are told to connect to, HOST:PORT; default: the first server name and the agents' port. */
  BERTH_AGENT_ADDRESS: z.string().optional(),
  /** What people open in their browser, and what `berth-agent enroll --server` is given; default: the first server name. */
  BERTH_PUBLIC_URL: z.string().optional(),
  /** Base URL under which nginx hosts ask who may come to an app; default: the public URL. */
  BERTH_INGRESS_URL: z.url({ protocol: /^https$/ }).optional(),
  /** File with the authorities of the certificate there, PEM; default: this installation's own. */
  BERTH_INGRESS_CA_FILE: z.string().optional(),
  /** Port under which browsers reach apps over HTTPS. */
  BERTH_APPS_PORT: z.coerce.number().int().min(1).max(65_535).default(443),
  /**
   * Addresses of the LDAP gateways as containers reach them, e.g. ldaps://berth.example:636; default: the first server
   * name, if LDAPS is served. Without any, containers are offered no logins.
   */
  BERTH_LDAP_URIS: list
    .prefault('')
    .refine((uris) => uris.every((uri) => /^ldaps?:\/\/[\w.:[\]-]+$/.test(uri)), 'takes ldaps:// or ldap:// addresses'),
  /** Where the directory begins. */
  BERTH_LDAP_BASE: z
    .string()
    .regex(/^[a-z]+=[\w-]+(,[a-z]+=[\w-]+)*$/i, 'takes a DN such as dc=example,dc=org')
    .default('dc=berth'),
  /** Addresses and networks of proxies whose X-Forwarded-For is believed, separated by commas. */
  BERTH_TRUSTED_PROXIES: list.prefault('').refine((all) => all.every(isNetwork), 'takes addresses and networks'),
  /** Recursive name servers that are asked for the world's names, separated by commas; default: the system's. */
  BERTH_DNS_RESOLVERS: list
    .prefault('')
    .refine((all) => all.every(isServerAddress), 'takes ADDRESS, IPV4:PORT and [IPV6]:PORT'),
  /** Whether domains may lead to addresses that the world cannot reach, as in closed networks. */
  BERTH_CLOSED_NETWORK: z.enum(['true', 'false']).default('false'),
  /** Seconds that a replica goes on serving after it has said on /readyz that it stops, for balancers to take others. */
  BERTH_DRAIN_SECONDS: z.coerce.number().min(0).max(300).default(0),
  /** The least grave of what is logged. */
  BERTH_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Lowest VMID given out. */
  BERTH_FIRST_VMID: z.coerce.number().int().min(100).max(999_999_999).default(100),
  /** Seconds between heartbeats of an agent. */
  BERTH_HEARTBEAT_SECONDS: z.coerce.number().min(1).max(300).default(10),
});

/** Everything the control plane is told from outside, typed. */
export interface Config {
  stateDir: string;
  databaseUrl: string;
  masterKeyFile: string;
  listen: { host: string; port: number };
  plainListen: { host: string; port: number } | undefined;
  agentListen: { host: string; port: number };
  ldapListen: {
    ldaps: { host: string; port: number } | undefined;
    startTls: { host: string; port: number } | undefined;
  };
  serverNames: string[];
  agentAddress: string;
  publicUrl: string;
  ingressUrl: string;
  /** Undefined for the installation's own authority. */
  ingressCaFile: string | undefined;
  appsPort: number;
  ldapUris: string[];
  ldapBase: string;
  trustedProxies: string[];
  dnsResolvers: string[];
  closedNetwork: boolean;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  drainSeconds: number;
  firstVmid: number;
  heartbeatSeconds: number;
}

/**
 * Reads the configuration from the environment.
 * @throws Error naming each wrong variable
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration is wrong:\n  ${lines.join('\n  ')}`);
  }
  const e = parsed.data;
  if (e.BERTH_PLAIN_LISTEN && !isLoopback(e.BERTH_PLAIN_LISTEN.host)) {
    throw new Error('BERTH_PLAIN_LISTEN: passwords would travel in the clear; it takes loopback addresses only.');
  }
  const stateDir = resolve(e.BERTH_STATE_DIR);
  const name = e.BERTH_SERVER_NAMES[0] ?? 'localhost';
  const publicUrl = e.BERTH_PUBLIC_URL ?? `https://${name}:${e.BERTH_LISTEN.port}`;
  return {
    stateDir,
    databaseUrl: e.BERTH_DATABASE_URL ?? `sqlite:${stateDir}/berth.db`,
    masterKeyFile: e.BERTH_MASTER_KEY_FILE ?? `${stateDir}/master.key`,
    listen: e.BERTH_LISTEN,
    plainListen: e.BERTH_PLAIN_LISTEN,
    agentListen: e.BERTH_AGENT_LISTEN,
    ldapListen: { ldaps: e.BERTH_LDAP_LISTEN, startTls: e.BERTH_LDAP_STARTTLS_LISTEN },
    serverNames: e.BERTH_SERVER_NAMES,
    agentAddress: e.BERTH_AGENT_ADDRESS ?? `${name}:${e.BERTH_AGENT_LISTEN.port}`,
    publicUrl,
    ingressUrl: e.BERTH_INGRESS_URL ?? publicUrl,
    ingressCaFile: e.BERTH_INGRESS_CA_FILE,
    appsPort: e.BERTH_APPS_PORT,
    ldapUris: ldapUrisOf(e.BERTH_LDAP_URIS, name, e.BERTH_LDAP_LISTEN),
    ldapBase: e.BERTH_LDAP_BASE,
    trustedProxies: e.BERTH_TRUSTED_PROXIES,
    dnsResolvers: e.BERTH_DNS_RESOLVERS,
    closedNetwork: e.BERTH_CLOSED_NETWORK === 'true',
    logLevel: e.BERTH_LOG_LEVEL,
    drainSeconds: e.BERTH_DRAIN_SECONDS,
    firstVmid: e.BERTH_FIRST_VMID,
    heartbeatSeconds: e.BERTH_HEARTBEAT_SECONDS,
  };
}

/** Unless they are given, what this server itself serves under its first name. */
function ldapUrisOf(given: string[], name: string, ldaps: { port: number } | undefined): string[] {
  if (given.length > 0 || !ldaps) return given;
  return [`ldaps://${name.includes(':') ? `[${name}]` : name}:${ldaps.port}`];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
