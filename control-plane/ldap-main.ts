/**
 * The LDAP gateway as a program of its own, on another core or another host, over the same database: what `berth ldap`
 * becomes. It finds what to do in the environment as JSON, where the command line has put it: what reads the
 * configuration takes 16 MB, and arguments are for everybody to see. With several processes the first one only hands
 * out connections, which it does evenly, and starts a process anew that has ended.
 */
import cluster, { type Worker } from 'node:cluster';
import { systemClock } from '@berth/proto/contract/clock.ts';
import { type ServiceManager, serviceManager } from '@berth/proto/contract/service-manager.ts';
import { openAuthority } from './fleet/ca.ts';
import { keepServerCertificate } from './fleet/server-certificate.ts';
import { LDAP_PROCESS, type LdapProcessConfig } from './ldap/become-gateway.ts';
import { startLdap } from './ldap/start-ldap.ts';
import { createLogger, type Logger } from './log.ts';
import { loadMasterKey } from './master-key.ts';
import { openStore } from './store/open.ts';

const RESTART_MS = 1_000;
/** What a process says to the first one when it serves. */
const READY = 'ready';

function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** Whom a process tells that it serves: its service manager, or the process that hands out connections. */
function whoWaits(): Pick<ServiceManager, 'ready' | 'stopping'> {
  if (cluster.isWorker) return { ready: () => process.send?.(READY), stopping: () => undefined };
  return serviceManager(process.env, systemClock);
}

async function serveHere(config: LdapProcessConfig, log: Logger): Promise<void> {
  const asked = untilAsked();
  const serving = whoWaits();
  const store = await openStore({
    url: config.databaseUrl,
    masterKey: loadMasterKey(config.masterKeyFile),
    onError: (error) => log.error({ err: error }, 'the store reports an error'),
  });
  const certificate = await keepServerCertificate({
    authority: await openAuthority(store),
    clock: store.clock,
    random: Math.random,
    names: config.serverNames,
    onError: (error) => log.error({ err: error }, 'the server certificate could not be renewed'),
  });
  const gateway = await startLdap({ config, store, certificate, log });
  if (!gateway) throw new Error('set BERTH_LDAP_LISTEN or BERTH_LDAP_STARTTLS_LISTEN, such as 0.0.0.0:636');
  serving.ready();
  await asked;
  serving.stopping();
  await gateway.stop();
  certificate.stop();
  await store.close();
}

async function serveWithWorkers(config: LdapProcessConfig, log: Logger): Promise<void> {
  const asked = untilAsked();
  let stopping = false;
  cluster.setupPrimary({ exec: import.meta.filename, args: [] });
  const env = { [LDAP_PROCESS]: JSON.stringify({ ...config, processes: 1 }) };
  const serving = new Set<Worker>();
  const manager = serviceManager(process.env, systemClock, async () => serving.size > 0);
  const all = Promise.withResolvers<void>();
  cluster.on('message', (worker, message) => {
    if (message !== READY) return;
    serving.add(worker);
    if (serving.size === config.processes) all.resolve();
  });
  cluster.on('exit', (worker, code, signal) => {
    serving.delete(worker);
    if (stopping) return;
    log.error({ pid: worker.process.pid, code, signal }, 'a process of the LDAP gateway has ended; another one starts');
    setTimeout(() => !stopping && cluster.fork(env), RESTART_MS);
  });
  for (let i = 0; i < config.processes; i += 1) cluster.fork(env);
  await Promise.race([all.promise, asked]);
  manager.ready();
  await asked;
  stopping = true;
  manager.stopping();
  await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && stopped(worker)));
}

function stopped(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
    worker.process.kill('SIGTERM');
  });
}

try {
  const config: LdapProcessConfig = JSON.parse(process.env[LDAP_PROCESS] ?? '{}');
  const log = createLogger(config.logLevel);
  await (config.processes > 1 ? serveWithWorkers(config, log) : serveHere(config, log));
  process.exit(0);
} catch (error) {
  process.stderr.write(`berth ldap: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
