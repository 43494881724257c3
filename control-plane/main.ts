// The control plane as a program: environment → configuration → a replica that serves until SIGTERM.
import { delay, systemClock } from '@berth/proto/contract/clock.ts';
import { serviceManager } from '@berth/proto/contract/service-manager.ts';
import { readConfig } from './config.ts';
import { startReplica } from './context.ts';
import { withCredentials } from './host/credentials.ts';
import { createLogger } from './log.ts';

/** Milliseconds between two looks whether a replica that was started is ready. */
const NOT_READY_MS = 250;

async function main(): Promise<void> {
  const config = readConfig(withCredentials(process.env));
  const log = createLogger(config.logLevel);
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'an error that nobody waited for'));
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const replica = await startReplica(config, log);
  const manager = serviceManager(process.env, systemClock);
  const ready = async () => {
    while (!(await replica.ready())) await delay(systemClock, NOT_READY_MS);
    return true;
  };
  // Who is asked to stop before that does so at once.
  if (!(await Promise.race([ready(), asked]))) return replica.stop();
  manager.ready();
  log.info({ port: replica.port, agents: config.agentListen.port }, 'control plane ready');
  await asked;
  manager.stopping();
  await replica.stop();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`berth: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
