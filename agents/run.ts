import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import { serviceManager } from '@berth/proto/contract/service-manager.ts';
import { type AgentConfig, ConfigError } from './config.ts';
import { loadRoles, nameOf } from './roles.ts';
import { Agent } from './shared/agent.ts';
import { CommandJournal } from './shared/command-journal.ts';
import { makeDirectory } from './shared/durable-files.ts';
import { type Identity, IdentityStore } from './shared/identity.ts';
import { Ledger } from './shared/ledger.ts';
import { Link } from './shared/link.ts';
import { createLogger, type Logger } from './shared/logger.ts';
import type { RoleModule } from './shared/role.ts';
import type { Keepalive } from './shared/session-client.ts';
import { type AgentNews, StatusFile } from './shared/status-file.ts';
import { VERSION } from './version.ts';

/** What a run can be given by tests and by the lab; everything has a default. */
export interface RunOptions {
  clock?: Clock;
  random?: Random;
  log?: Logger;
  keepalive?: Keepalive;
  /** Told what the agent tells its host. */
  note?(news: AgentNews): void;
}

/** An agent that runs. */
export interface RunningAgent {
  /** Ends the session, finishes the apply under way and stops the roles; what the host serves stays. */
  stop(): Promise<void>;
}

/**
 * Starts an agent: roles, ledger, then the link. Resolves once the ledger has been applied, with or without a control
 * plane. @throws ConfigError when the configuration is wrong or the host is not enrolled
 */
export async function startAgent(config: AgentConfig, options: RunOptions = {}): Promise<RunningAgent> {
  const { clock = systemClock, random = Math.random, log = createLogger(config.logLevel), keepalive } = options;
  const roles = await loadRoles(config.roles);
  const identities = new IdentityStore(config.stateDir);
  const identity = await enrolled(identities, config.stateDir);
  const status = new StatusFile(config.stateDir, VERSION, log);
  const agent: Agent = new Agent({
    roles,
    ledger: await Ledger.open(config.stateDir),
    journal: await CommandJournal.open(config.stateDir, clock),
    clock,
    random,
    log,
    instance: randomUUID(),
    bootId: await bootId(),
    version: VERSION,
    stateDirOf: (role) => stateDirOf(config, role),
    trust: (bundle) => link.trust(bundle),
    note: (news) => {
      status.note(news);
      options.note?.(news);
    },
  });
  const link = new Link({ agent, identities, clock, random, log, ...(keepalive && { keepalive }) }, identity);
  await agent.start();
  log.info({ agent: identity.agentId, version: VERSION }, 'agent ready');
  const linked = link.run();
  return {
    async stop() {
      link.stop();
      await linked;
      await agent.stop();
      await status.settled();
    },
  };
}

/** Runs an agent until SIGTERM or SIGINT. @throws ConfigError */
export async function runAgent(config: AgentConfig): Promise<void> {
  // The agent's own timers keep nothing alive, and between two sessions there is nothing else.
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const asked = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
    });
    const manager = serviceManager(process.env, systemClock);
    const running = await startAgent(config, { note: ({ applied }) => applied && manager.status(wordsOf(applied)) });
    // The ledger was applied. Where that was refused, the status says so; a boot need not wait until it is mended.
    manager.ready();
    await asked;
    manager.stopping();
    await running.stop();
  } finally {
    clearInterval(alive);
  }
}

function wordsOf({ running, message, quarantined }: NonNullable<AgentNews['applied']>): string {
  if (!running) return `Serves what it served before: ${message.split('\n', 1)[0]}`;
  return quarantined.length === 0 ? 'Serves all that is wanted' : `Serves all but ${quarantined.length} set aside`;
}

async function enrolled(identities: IdentityStore, stateDir: string): Promise<Identity> {
  const identity = await identities.read();
  if (!identity) throw new ConfigError(`${stateDir}: this host is not enrolled; see berth-agent enroll --help`);
  return identity;
}

async function stateDirOf(config: AgentConfig, role: RoleModule): Promise<string> {
  const directory = join(config.stateDir, nameOf(role.role));
  await makeDirectory(directory);
  return directory;
}

/** Empty where the kernel has none. */
async function bootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim();
}
