import * as z from 'zod';

/**
 * Configuration of the proxmox role, as it stands in the agent's configuration file under `proxmox`. Nodes and their
 * credentials are not here: they are resources of the control plane.
 */
export const proxmoxConfigSchema = z.strictObject({
  /** Milliseconds for one request. Loaded hosts take longer than 5 s, and a PUT waits for a running create. */
  requestTimeoutMs: z.int().min(1_000).max(600_000).default(60_000),
  /** Milliseconds between two looks at the guests of a node, when the node answers quickly. */
  pollMs: z.int().min(100).max(60_000).default(2_000),
  /** Milliseconds to go on trying while a lock is busy. */
  lockTimeoutMs: z.int().min(0).max(600_000).default(60_000),
});

/** Checked configuration. */
export type ProxmoxConfig = z.output<typeof proxmoxConfigSchema>;
