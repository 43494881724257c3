import { readFile } from 'node:fs/promises';
import * as z from 'zod';

/** Where an agent keeps its state when nothing else is said. */
export const DEFAULT_STATE_DIR = '/var/lib/berth-agent';

/** Where the agent of a host reads its configuration when nothing else is said. */
export const CONFIG_FILE = '/etc/berth/agent.json';

const absolutePath = z.string().regex(/^\//, 'must be an absolute path');
/** A role's section is checked by the role itself. */
const section = z.record(z.string(), z.unknown()).optional();

/** The agent's configuration file. */
export const agentConfigSchema = z.strictObject({
  /** Identity, ledger, journal and the roles' own state; 0700. */
  stateDir: absolutePath.default(DEFAULT_STATE_DIR),
  /** The least grave of what is logged. */
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** The roles this host takes, each with its settings; `{}` takes the defaults. */
  roles: z
    .strictObject({ nginx: section, dnsmasq: section, proxmox: section })
    .refine((roles) => Object.values(roles).some(Boolean), 'must name at least one of nginx, dnsmasq, proxmox'),
});

/** Checked configuration. */
export type AgentConfig = z.output<typeof agentConfigSchema>;

/** The configuration cannot be used; the message names file and fields. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads and checks the configuration file. @throws ConfigError */
export async function readConfig(path: string): Promise<AgentConfig> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return checked(agentConfigSchema, content, path);
}

/** Checks a value, naming each field that is wrong. @param where stands before each field. @throws ConfigError */
export function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  throw new ConfigError(`${where}: ${faults.join('; ')}`);
}
