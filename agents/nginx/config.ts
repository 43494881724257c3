import { isIP } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod';

/** An absolute path that nginx's configuration can hold unquoted. */
const path = z.string().regex(/^\/[A-Za-z0-9._/-]+$/, 'must be an absolute path of letters, digits and ._/-');
const port = z.int().min(1).max(65_535);
const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of an account');

/** Configuration of the nginx role, as it stands in the agent's configuration file under `nginx`. */
export const nginxConfigSchema = z
  .strictObject({
    /** The program. */
    binary: path.default('/usr/sbin/nginx'),
    /** Where releases, temporary files and (unless `runDir` says else) run-time files live. */
    rootDir: path.default('/var/lib/berth-agent/nginx'),
    /** Where the process id, the status socket and the error log live; default `<rootDir>/run`, at most 80 characters. */
    runDir: path.max(80, 'must leave room for a socket name').optional(),
    /** Port that redirects to HTTPS and answers challenges. */
    httpPort: port.default(80),
    /** Port of the HTTPS routes, TCP and, where nginx can do HTTP/3, UDP. */
    httpsPort: port.default(443),
    /** Addresses to listen on, IPv4 and IPv6 literals; default: all, IPv6 only where the host has it. */
    listen: z
      .array(z.string().refine((text) => isIP(text) > 0 && !text.includes('%'), 'must be an IP address'))
      .min(1)
      .optional(),
    /** HTTP/3 where nginx was built with it. */
    http3: z.boolean().default(true),
    /**
     * True: the role starts nginx as a daemon when none runs and signals it by its process id; nginx outlives the
     * agent. False: the host's service manager owns it and starts it with `-c <rootDir>/current/nginx.conf`.
     */
    manage: z.boolean().default(false),
    /**
     * With `manage: false`, how nginx is told to read its configuration again: by a signal, where the service manager
     * starts it by itself as soon as there is a configuration and whenever it has ended, as berth-nginx.service does; or
     * by a command, which should also start a stopped one.
     */
    reload: z
      .union([z.strictObject({ command: z.array(z.string()).min(1) }), z.strictObject({ signal: z.literal(true) })])
      .default({ signal: true }),
    /** Account of the workers when nginx runs as root; default: the first of www-data, nginx, nobody that exists. */
    user: account.optional(),
    /** Worker processes. */
    workers: z.union([z.literal('auto'), z.int().min(1).max(512)]).default('auto'),
    /** Connections a worker can hold, to clients and to backends together. */
    workerConnections: z.int().min(64).max(1_000_000).default(8192),
    /** Seconds after which a worker of an earlier configuration drops the connections it still has. */
    workerShutdownSeconds: z.int().min(1).max(86_400).default(3600),
    /** Workers of earlier configurations that may linger for their connections; above it the oldest are ended. */
    maxOldWorkers: z.int().min(0).max(1024).default(32),
    /** The stream module's shared object, where nginx does not have it built in; default: looked for. */
    streamModule: path.optional(),
    /** File for one JSON object a request; false for none; default `<rootDir>/log/access.log`. */
    accessLog: z.union([path, z.literal(false)]).optional(),
    /** Bytes above which the agent moves that file to `.1` (and `.1` to `.2` …), and how many former ones it keeps. */
    accessLogRotation: z
      .strictObject({
        maxBytes: z
          .int()
          .min(65_536)
          .default(64 * 1024 * 1024),
        keep: z.int().min(0).max(1000).default(5),
      })
      .prefault({}),
    /** Sentences on the error pages, plain text. */
    texts: z
      .strictObject({
        notFound: z.string().max(500).default('There is nothing at this address.'),
        badGateway: z.string().max(500).default('The service behind this address does not answer. It may be stopped.'),
        gatewayTimeout: z.string().max(500).default('The service behind this address took too long to answer.'),
        unauthorized: z.string().max(500).default('This address wants a name and a password.'),
        forbidden: z.string().max(500).default('This address is not open to you.'),
        tooLarge: z.string().max(500).default('What was sent is larger than this address takes.'),
        tooManyRequests: z.string().max(500).default('There were too many requests. Please wait a moment.'),
        maintenance: z.string().max(500).default('The service behind this address is being worked on.'),
        internal: z.string().max(500).default('Something went wrong on the way to this address.'),
      })
      .prefault({}),
  })
  .transform(({ accessLog, ...config }) => ({
    ...config,
    runDir: config.runDir ?? join(config.rootDir, 'run'),
    accessLog: accessLog === false ? undefined : (accessLog ?? join(config.rootDir, 'log', 'access.log')),
  }));

/** Checked configuration. */
export type NginxConfig = z.output<typeof nginxConfigSchema>;
/** Configuration as it is written. */
export type NginxConfigInput = z.input<typeof nginxConfigSchema>;
