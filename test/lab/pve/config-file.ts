import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const acl = z.record(z.string().startsWith('/'), z.array(z.string()));

/** What `main.ts` reads: one file that describes a whole simulated cluster. */
const schema = z.strictObject({
  listen: z.strictObject({
    host: z.string().default('127.0.0.1'),
    port: z.number().int().min(0).max(65_535).default(8006),
  }),
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }),
  /** Where guests, tasks and uploads are kept. */
  stateDir: z.string(),
  backend: z.enum(['memory', 'lxc']),
  nodes: z
    .array(
      z.strictObject({
        name: z.string(),
        bridges: z.array(z.string()).optional(),
        maxcpu: z.number().int().optional(),
        maxmem: z.number().int().optional(),
        fingerprint: z.string().optional(),
      }),
    )
    .min(1),
  /** Root directory of each template, by volume id; an empty text will do for guests in memory. */
  templates: z.record(z.string(), z.string()),
  tokens: z.array(z.strictObject({ id: z.string(), secret: z.string(), acl })),
  authDelayMs: z.number().min(0).default(3000),
  /** Milliseconds every task takes at least. */
  taskDelayMs: z.number().min(0).default(0),
});

export type ConfigFile = z.infer<typeof schema>;

/** Reads and checks the file. Throws an Error that names the field. */
export function readConfigFile(path: string): ConfigFile {
  if (!existsSync(path)) throw new Error(`no such file: ${path}`);
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
