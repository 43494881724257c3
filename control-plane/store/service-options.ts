/**
 * What else is wanted of a service, as the column `services.options` holds it: JSON of what differs from the defaults,
 * or null where nothing does. It is read back strictly, so that what somebody else wrote there is found at once and
 * never reaches a host half understood.
 */
import * as z from 'zod';

const text = z.string();
const count = z.number().int().nonnegative();
const header = z.strictObject({ name: text, value: text });

const signIn = z.strictObject({
  require: z.enum(['nobody', 'members', 'groups', 'anybody', 'oauth2_proxy']).default('nobody'),
  /** Identifiers of the groups whose members may come besides those of the container; with "groups". */
  groups: z.array(text).default([]),
  /** Prefixes of paths that are open to everybody. */
  openPaths: z.array(text).default([]),
});

const options = z.strictObject({
  /** CIDR ranges, in canonical form; http, tcp and udp alike. */
  allow: z.array(text).default([]),
  deny: z.array(text).default([]),
  /** TCP only: tell the container the client's address by a PROXY protocol header. */
  proxyProtocol: z.boolean().default(false),
  /** From here on HTTP only, as berth.api.v1.HttpOptions says it. */
  plainHttp: z.boolean().default(false),
  maxBodyBytes: count.default(0),
  timeoutSeconds: count.default(0),
  gzip: z.boolean().default(false),
  stripPath: z.boolean().default(false),
  requestHeaders: z.array(header).default([]),
  responseHeaders: z.array(header).default([]),
  requestsPerSecond: count.default(0),
  burst: count.default(0),
  connections: count.default(0),
  /** Names with hashes as crypt(3) knows them. */
  basicAuth: z.array(z.strictObject({ name: text, hash: text })).default([]),
  maintenance: z.boolean().default(false),
  maintenanceText: text.default(''),
  healthPath: text.default(''),
  healthIntervalSeconds: count.default(0),
  signIn: signIn.default(signIn.parse({})),
});

/** What else is wanted of a service; every field is there. */
export type ServiceOptions = z.infer<typeof options>;

/** Who must have signed in before a request to a service goes on. */
export type SignInOptions = z.infer<typeof signIn>;

/** A service of which nothing else is wanted. */
export const DEFAULT_OPTIONS: ServiceOptions = options.parse({});

/** Reads the column. @throws ZodError when it holds what this version does not know */
export function readServiceOptions(column: string | null): ServiceOptions {
  return column === null ? DEFAULT_OPTIONS : options.parse(JSON.parse(column));
}

/** The column for some options. */
export function serviceOptionsColumn(wanted: ServiceOptions): string | null {
  const before = new Map(Object.entries(DEFAULT_OPTIONS).map(([name, value]) => [name, JSON.stringify(value)]));
  const differing = Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== before.get(name));
  return differing.length === 0 ? null : JSON.stringify(Object.fromEntries(differing));
}
