/**
 * The dnsmasq role: the site's DHCP and DNS. A set of resources becomes four files (see render.ts), judged by our own
 * validation and by `dnsmasq --test`, swapped in by one rename, and taken over by SIGHUP or, when the main file
 * changed, by a restart. A set counts as running when the running dnsmasq answers for it over DNS. The role also keeps
 * a managed dnsmasq alive, reports leases as they come and go, ends them on command, and puts right what somebody
 * changed by hand. Everything that touches the process goes through one queue.
 */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Command, CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { DriftReportSchema, Role } from '@berth/proto/agent/v1/session_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Drift } from '../shared/drift-scan.ts';
import { type DriftFinding, DriftWatcher } from '../shared/drift-watcher.ts';
import { ReleaseStore } from '../shared/release-store.ts';
import type { ApplyReport, CommandOutcome, DesiredSet, RoleContext, RoleFigures, RoleModule } from '../shared/role.ts';
import { runProgram } from '../shared/run-program.ts';
import { type Applying, applyDesired, failureOf, reloadServer } from './apply.ts';
import { DnsmasqProbe } from './ask.ts';
import type { DnsmasqConfig } from './config.ts';
import { LeaseWatcher } from './leases.ts';
import { releaseLease } from './release-lease.ts';
import { FILES } from './render.ts';
import { DnsmasqServer } from './server.ts';
import { DNSMASQ_KINDS } from './validate.ts';

/** Milliseconds between two looks at whether a managed dnsmasq still runs. */
const ALIVE_EVERY_MS = 2_000;

/** The dnsmasq role with checked configuration. */
export function createDnsmasqRole(config: DnsmasqConfig): RoleModule {
  return new DnsmasqRole(config);
}

/** What the role works with once it is started. */
interface Host extends Applying {
  context: RoleContext;
  leases: LeaseWatcher;
  drift: DriftWatcher;
}

class DnsmasqRole implements RoleModule {
  readonly role = Role.DNSMASQ;
  readonly kinds = DNSMASQ_KINDS;
  readonly commands = ['releaseLease'] as const;
  readonly #config: DnsmasqConfig;
  #host: Host | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #cancelLook: () => void = () => {};
  #stopped = false;

  constructor(config: DnsmasqConfig) {
    this.#config = config;
  }

  async capabilities(): Promise<string[]> {
    const { stdout } = await runProgram(this.#config.binary, ['--version']);
    const version = /version (\S+)/.exec(stdout)?.[1];
    return version === undefined ? [] : [`dnsmasq/${version}`];
  }

  async start(context: RoleContext): Promise<void> {
    const config = this.#config;
    const store = new ReleaseStore(config.rootDir);
    await mkdir(dirname(config.leaseFile), { recursive: true });
    await store.recover();
    const { clock, random } = context;
    const server = new DnsmasqServer(config, clock);
    const applying: Applying = { config, store, server, probe: new DnsmasqProbe(config, clock), clock, random };
    const leases = new LeaseWatcher(config.leaseFile, context);
    this.#host = { ...applying, context, leases, drift: watchDrift(applying, context) };
    if (config.watchLeases) await leases.start();
    this.#watchProcess();
  }

  async apply(desired: DesiredSet): Promise<ApplyReport> {
    const host = this.#started();
    return this.#inTurn(async () => {
      await host.drift.suspend();
      const { report, live } = await applyDesired(host, desired);
      if (live) await host.drift.watch(live);
      else host.drift.resume();
      return report;
    });
  }

  async execute(command: Command): Promise<CommandOutcome> {
    const host = this.#started();
    if (command.task.case !== 'releaseLease') {
      const message = `the dnsmasq role has no command ${command.task.case ?? 'without a task'}`;
      return { ok: false, code: CommandFailureCode.UNSUPPORTED, message };
    }
    const task = command.task.value;
    const outcome = await releaseLease({ ...host, inTurn: (work) => this.#inTurn(work) }, task);
    if (this.#config.watchLeases) await host.leases.look(false);
    return outcome;
  }

  async figures(): Promise<RoleFigures> {
    if (!this.#host) return {};
    const { server, leases } = this.#host;
    return { dnsmasq: { ...server.counts, leases: BigInt(leases.size) } };
  }

  sessionOpened(): void {
    if (this.#config.watchLeases) this.#host?.leases.look(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelLook();
    await this.#host?.drift.stop();
    await this.#queue;
    await this.#host?.leases.stop();
  }

  #watchProcess(): void {
    const host = this.#started();
    if (this.#stopped) return;
    this.#cancelLook = host.clock.after(ALIVE_EVERY_MS, () => {
      this.#inTurn(() => reviveServer(host))
        .catch((error) => host.context.log.error({ err: error }, 'looking after dnsmasq'))
        .finally(() => this.#watchProcess());
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #started() {
    if (!this.#host) throw new Error('the role was not started');
    return this.#host;
  }
}

/** Starts a managed dnsmasq that has ended although there is something to serve. */
async function reviveServer(host: Applying & { context: RoleContext }): Promise<void> {
  if (!host.config.manage || (await host.server.pid()) !== undefined) return;
  const release = await host.store.current();
  if (!release) return;
  const failure = await reloadServer(host, release);
  if (failure) host.context.log.error({ failure }, 'dnsmasq ended and does not start');
  else host.context.log.warn('dnsmasq had ended and was started again');
}

function watchDrift(applying: Applying, context: RoleContext): DriftWatcher {
  return new DriftWatcher({
    store: applying.store,
    clock: context.clock,
    reload: (drifts) => takeRepaired(applying, drifts),
    report: (finding) => context.report({ case: 'driftReport', value: driftReport(applying, finding) }),
  });
}

/** After a repair of the main file it is restarted: what a process made of a changed one, it cannot be asked. */
async function takeRepaired(applying: Applying, drifts: readonly Drift[]): Promise<void> {
  const restart = drifts.some(({ path }) => basename(path) === FILES.main);
  const failure = restart
    ? failureOf(await applying.server.restart())
    : await reloadServer(applying, await applying.store.current());
  if (failure) throw new Error(failure.stderr);
}

function driftReport({ store }: Applying, finding: DriftFinding) {
  const { path, kind, seenAtMs, repairedAtMs, error = '' } = finding;
  return create(DriftReportSchema, {
    role: Role.DNSMASQ,
    path: join(store.root, path),
    kind,
    seenAt: timestampFromMs(seenAtMs),
    ...(repairedAtMs !== undefined && { repairedAt: timestampFromMs(repairedAtMs) }),
    error,
  });
}
