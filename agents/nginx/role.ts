/**
 * The nginx role: HTTP routes, streams, certificates and challenges of one host. It applies what it is given
 * (apply.ts), repairs what somebody else changes, starts a managed nginx again when it has ended, ends workers that
 * linger beyond their number, and tries set-aside streams again when their port has become free.
 */

import { dirname } from 'node:path';
import type { Command } from '@berth/proto/agent/v1/command_pb.js';
import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { DriftReportSchema, HealthSchema, Role } from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type DriftFinding, DriftWatcher } from '../shared/drift-watcher.ts';
import { ReleaseStore } from '../shared/release-store.ts';
import type {
  ApplyReport,
  CommandContext,
  CommandOutcome,
  DesiredSet,
  RoleContext,
  RoleFigures,
  RoleModule,
} from '../shared/role.ts';
import { NginxApplier } from './apply.ts';
import type { NginxConfig } from './config.ts';
import { capabilitiesOf, detectOptions } from './detect.ts';
import { lookAt } from './health-look.ts';
import { watchedRoutes } from './health-targets.ts';
import { HealthWatch } from './health-watch.ts';
import { NameAddresses } from './name-addresses.ts';
import { NginxProcess } from './nginx-process.ts';
import { lookAtPorts } from './port-look.ts';
import { probe } from './probe.ts';
import type { RenderOptions } from './render-options.ts';
import { closedAbove, openForSearch } from './worker-reach.ts';

const TICK_MS = 2000;
/** Between two looks at the addresses of names, in milliseconds. */
const LOOK_UP_MS = 60_000;

/** The role as the agent core runs it. `config` is the checked section `nginx` of its configuration. */
export function createNginxRole(config: NginxConfig): RoleModule {
  return new NginxRole(config);
}

type Running = {
  readonly context: RoleContext;
  readonly nginx: NginxProcess;
  readonly applier: NginxApplier;
  readonly addresses: NameAddresses;
  readonly drift: DriftWatcher;
  readonly health: HealthWatch;
  readonly options: RenderOptions;
};

class NginxRole implements RoleModule {
  readonly role = Role.NGINX;
  readonly kinds = ['httpRoute', 'streamRoute', 'certificate', 'acmeChallenge', 'domain', 'ingress'] as const;
  readonly commands = ['probeRoute'] as const;
  readonly #config: NginxConfig;
  #options: Promise<RenderOptions> | undefined;
  #running: Running | undefined;
  #desired: DesiredSet | undefined;
  #lastHealth = '';
  #lookedUpAt = 0;
  /** What is wrong with the host for as long as the agent runs. */
  readonly #standing: string[] = [];
  #cancelTick: () => void = () => {};
  #stopped = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(config: NginxConfig) {
    this.#config = config;
  }

  async capabilities(): Promise<string[]> {
    return capabilitiesOf(await this.#detected());
  }

  async start(context: RoleContext): Promise<void> {
    const options = await this.#detected();
    if (!options.slotted) context.log.warn('this nginx hashes otherwise; each backend gets an upstream of its own');
    const { clock } = context;
    const store = new ReleaseStore(this.#config.rootDir);
    const nginx = new NginxProcess(this.#config, clock);
    const addresses = new NameAddresses(this.#config.rootDir);
    const applier = new NginxApplier({ store, nginx, options, addresses, clock });
    const drift = new DriftWatcher({
      store,
      clock,
      reload: () => this.#reloadRepaired(),
      report: (finding) => this.#reportDrift(finding),
    });
    const { random, report } = context;
    const health = new HealthWatch({ clock, random, look: lookAt, report });
    // The agent's own directory is the one that is ours to open.
    const agentDir = dirname(context.stateDir);
    if (this.#config.rootDir.startsWith(`${agentDir}/`)) await openForSearch(agentDir);
    const failure = await applier.prepare();
    if (failure) context.log.warn(failure, 'nginx would not go back to its former configuration');
    const closed = options.user === undefined ? undefined : await closedAbove(this.#config.rootDir);
    if (closed !== undefined)
      this.#standing.push(`${options.user} cannot reach ${this.#config.rootDir} through ${closed}`);
    this.#running = { context, nginx, applier, addresses, drift, health, options };
    this.#scheduleTick();
  }

  apply(desired: DesiredSet): Promise<ApplyReport> {
    this.#desired = desired;
    return this.#exclusive(() => this.#apply(desired));
  }

  async execute(command: Command, context: CommandContext): Promise<CommandOutcome> {
    if (command.task.case !== 'probeRoute') {
      return { ok: false, code: CommandFailureCode.UNSUPPORTED, message: `nginx has no ${command.task.case}` };
    }
    const { context: role, options } = this.#known();
    const address = localAddress(options.listen[0] ?? '');
    const listener = { address, httpsPort: this.#config.httpsPort, proxyProtocol: this.#wantsProxyProtocol() };
    try {
      const outcome = await probe(command.task.value, listener, role.clock, context.signal);
      return { ok: true, success: { probe: outcome } };
    } catch (error) {
      if (!context.signal.aborted) throw error;
      return { ok: false, code: CommandFailureCode.CANCELLED, message: 'the probe was cancelled' };
    }
  }

  async figures(): Promise<RoleFigures> {
    const figures = await this.#running?.nginx.figures();
    if (!figures) return {};
    const { reloads, failedReloads, ...rest } = figures;
    return { nginx: { ...rest, reloads: BigInt(reloads), failedReloads: BigInt(failedReloads) } };
  }

  sessionOpened(): void {
    this.#lastHealth = '';
    this.#running?.health.reportAll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTick();
    this.#running?.health.stop();
    await this.#turn;
    await this.#running?.drift.stop();
  }

  #detected(): Promise<RenderOptions> {
    this.#options ??= detectOptions(this.#config);
    return this.#options;
  }

  #wantsProxyProtocol(): boolean {
    const bodies = [...(this.#desired?.resources.values() ?? [])].map(({ body }) => body);
    return bodies.some((body) => body.case === 'ingress' && body.value.proxyProtocol);
  }

  #known(): Running {
    if (!this.#running) throw new Error('the nginx role was not started');
    return this.#running;
  }

  async #apply(desired: DesiredSet): Promise<ApplyReport> {
    const { applier, drift, health } = this.#known();
    await drift.suspend();
    const report = await applier.apply(desired);
    if (applier.live) await drift.watch(applier.live);
    health.watch(watchedRoutes(desired.resources.values()));
    return report;
  }

  async #reloadRepaired(): Promise<void> {
    const { nginx, applier } = this.#known();
    const id = applier.live?.release.id ?? '';
    const failure = (await nginx.reload()) ?? (await nginx.takenOver(id));
    if (failure) throw new Error(failure.stderr);
  }

  #reportDrift(finding: DriftFinding): void {
    const { context } = this.#known();
    const value = create(DriftReportSchema, {
      role: Role.NGINX,
      path: `${this.#config.rootDir}/${finding.path}`,
      kind: finding.kind,
      seenAt: timestampFromMs(finding.seenAtMs),
      ...(finding.repairedAtMs !== undefined && { repairedAt: timestampFromMs(finding.repairedAtMs) }),
      error: finding.error ?? '',
    });
    context.report({ case: 'driftReport', value });
  }

  #scheduleTick(): void {
    if (this.#stopped) return;
    this.#cancelTick = this.#known().context.clock.after(TICK_MS, () => {
      this.#exclusive(() => this.#tick())
        .catch((error: unknown) => this.#known().context.log.error({ error }, 'looking after nginx failed'))
        .finally(() => this.#scheduleTick());
    });
  }

  async #tick(): Promise<void> {
    const { nginx, applier, context } = this.#known();
    const findings = [...this.#standing];
    if (applier.live && (await nginx.masterPid()) === undefined) {
      const failure = this.#config.manage ? await nginx.reload() : undefined;
      findings.push(failure ? `nginx does not run: ${failure.stderr}` : 'nginx had ended');
    }
    await nginx.boundLogs();
    const workers = await nginx.boundOldWorkers();
    const health = JSON.stringify([findings, workers]);
    if (health !== this.#lastHealth) {
      this.#lastHealth = health;
      const residentBytes = BigInt(process.memoryUsage.rss());
      const value = create(HealthSchema, { ok: findings.length === 0, findings, residentBytes, workers });
      context.report({ case: 'health', value });
    }
    await this.#retryFreedPorts();
    await this.#lookUpNames();
  }

  async #lookUpNames(): Promise<void> {
    const { addresses, context } = this.#known();
    const now = context.clock.now();
    if (now - this.#lookedUpAt < LOOK_UP_MS) return;
    this.#lookedUpAt = now;
    if (await addresses.refresh()) context.requestApply();
  }

  /** A stream set aside because its port was taken is tried again once the port is free. */
  async #retryFreedPorts(): Promise<void> {
    const { applier, options, context } = this.#known();
    const { resources } = this.#desired ?? {};
    if (!resources) return;
    const { freed } = await lookAtPorts(applier.quarantine.within(resources), resources, options.listen);
    if (freed.length === 0) return;
    for (const key of freed) applier.quarantine.release(key);
    context.requestApply();
  }

  #exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function localAddress(listen: string): string {
  const address = listen.replace(/^\[|\]$/g, '');
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
