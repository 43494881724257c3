import { join } from 'node:path';
import * as z from 'zod';

/** An absolute path that dnsmasq's configuration can hold: nothing it would take for a comment, quote or separator. */
const path = z.string().regex(/^\/[A-Za-z0-9._/-]+$/, 'must be an absolute path of letters, digits and ._/-');
const interfaceName = z.string().regex(/^[A-Za-z0-9_.-]{1,15}$/, 'must be an interface name');

/** Configuration of the dnsmasq role, as it stands in the agent's configuration file under `dnsmasq`. */
export const dnsmasqConfigSchema = z
  .strictObject({
    /** The program, by name or path. */
    binary: z.string().min(1).default('dnsmasq'),
    /** Where the managed files live. dnsmasq's own user must be able to read there. */
    rootDir: path.default('/var/lib/berth-agent/dnsmasq'),
    /** Interfaces to serve; loopback is always served too. Empty: all of them, unless `listenAddresses` says else. */
    interfaces: z.array(interfaceName).default([]),
    /** Addresses to listen on instead of, or beside, interfaces. */
    listenAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
    /** DNS port, 1–65535. */
    dnsPort: z.int().min(1).max(65_535).default(53),
    /** Whether to hand out addresses; needs CAP_NET_ADMIN and CAP_NET_RAW. */
    dhcp: z.boolean().default(true),
    /** Whether to report the leases in `leaseFile`; default: as `dhcp`. Without DHCP, somebody else writes it. */
    watchLeases: z.boolean().optional(),
    /** Where dnsmasq keeps its leases; default `leases` beside the releases. */
    leaseFile: path.optional(),
    /** Where dnsmasq writes its process id; default `dnsmasq.pid` beside the releases. */
    pidFile: path.optional(),
    /** The user dnsmasq becomes; default: what it was built with, when started as root. */
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .optional(),
    /**
     * True: the role starts dnsmasq as a daemon when none runs, and it outlives the agent. False: the host's service
     * manager owns it and starts it with `--conf-file=<rootDir>/current/dnsmasq.conf`.
     */
    manage: z.boolean().default(false),
    /**
     * With `manage: false`, how it is restarted: by ending it, where the service manager starts it by itself as soon as
     * there is a configuration and whenever it has ended, as berth-dnsmasq.service does; or by a command, where whoever
     * starts it also names `pidFile` to it.
     */
    restart: z
      .union([z.strictObject({ command: z.array(z.string()).min(1) }), z.strictObject({ signal: z.literal(true) })])
      .default({ signal: true }),
  })
  .transform((config) => ({
    ...config,
    /** Whether the role ends it, and whoever starts it again does so with our command line. */
    bySignal: !config.manage && 'signal' in config.restart,
    watchLeases: config.watchLeases ?? config.dhcp,
    leaseFile: config.leaseFile ?? join(config.rootDir, 'leases'),
    pidFile: config.pidFile ?? join(config.rootDir, 'dnsmasq.pid'),
  }));

/** Checked configuration. */
export type DnsmasqConfig = z.output<typeof dnsmasqConfigSchema>;
/** Configuration as it is written. */
export type DnsmasqConfigInput = z.input<typeof dnsmasqConfigSchema>;
