// The simulator as a program: node main.ts --config file.json [--destroy-on-exit]. It prints one line
// `pve simulator ready <port>` when it listens. SIGTERM ends it; its guests stay as they are unless asked otherwise,
// and a next run with the same state directory takes them over.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { GuestBackend } from './backend.ts';
import { createPveCluster, type PveCluster } from './cluster.ts';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import { LxcBackend } from './lxc-backend.ts';
import { MemoryBackend } from './memory-backend.ts';
import { messageOf } from './pve-error.ts';
import { directoryState } from './state.ts';
import { type ContentItem, formatOfFile } from './storage.ts';

const TEMPLATE_SIZE = 128 * 1024 ** 2;

function backendFor(config: ConfigFile, node: string): GuestBackend {
  if (config.backend === 'memory') return new MemoryBackend();
  return new LxcBackend({ lxcPath: resolve(config.stateDir, 'lxc', node), templates: config.templates });
}

function templateItem(volid: string): ContentItem {
  const format = formatOfFile(volid) ?? 'tar';
  return { volid, content: 'vztmpl', format, size: TEMPLATE_SIZE, ctime: 1_700_000_000 };
}

async function clusterFor(config: ConfigFile): Promise<PveCluster> {
  mkdirSync(config.stateDir, { recursive: true });
  return createPveCluster({
    nodes: config.nodes.map(({ name, bridges, maxcpu, maxmem, fingerprint }) => ({
      name,
      backend: backendFor(config, name),
      ...(bridges && { bridges }),
      ...(maxcpu !== undefined && { maxcpu }),
      ...(maxmem !== undefined && { maxmem }),
      ...(fingerprint !== undefined && { fingerprint }),
    })),
    tokens: config.tokens,
    content: Object.keys(config.templates).map(templateItem),
    authDelayMs: config.authDelayMs,
    tasks: { delayMs: () => config.taskDelayMs },
    state: directoryState(join(config.stateDir, 'state')),
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'destroy-on-exit': { type: 'boolean' } } });
  if (values.config === undefined) throw new Error('usage: main.ts --config file.json [--destroy-on-exit]');
  const config = readConfigFile(values.config);
  const cluster = await clusterFor(config);
  const tls = { cert: readFileSync(config.tls.certFile, 'utf8'), key: readFileSync(config.tls.keyFile, 'utf8') };
  const { port } = await cluster.listen({ ...config.listen, tls });
  process.stdout.write(`pve simulator ready ${port}\n`);
  const ended = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ended.resolve());
  await ended.promise;
  await cluster.close({ destroyGuests: values['destroy-on-exit'] === true });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`pve simulator: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
