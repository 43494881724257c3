/**
 * Makes a set of resources what nginx serves: plan → render → stage → `nginx -t` on the staged tree → swap → reload →
 * verify, by the shared release pipeline. When nginx refuses, its words are traced to the resources behind them (by
 * file and line, by certificate, by port; by halving when the words point nowhere), those are set aside with the
 * words, and the rest is tried again. A release is named by the digest of its content, so an apply that changes
 * nothing, as after a restart of the agent, reloads nothing.
 */

import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resource } from '@berth/proto/agent/v1/resource_pb.js';
import { type Clock, delay } from '@berth/proto/contract/clock.ts';
import { type ApplyFailure, applyRelease, type StepFailure } from '../shared/apply-release.ts';
import { DriftScan, type LiveRelease } from '../shared/drift-scan.ts';
import { makeDirectory } from '../shared/durable-files.ts';
import type { Release, ReleaseStore } from '../shared/release-store.ts';
import type { ApplyReport, DesiredSet, ResourceFault } from '../shared/role.ts';
import { bisect } from './bisect.ts';
import { type Blame, blame } from './blame.ts';
import { type FaultStage, faultOf } from './faults.ts';
import type { NameAddresses } from './name-addresses.ts';
import type { NginxProcess } from './nginx-process.ts';
import { makePlan, type Plan } from './plan.ts';
import { lookAtPorts } from './port-look.ts';
import { Quarantine } from './quarantine.ts';
import { type RenderedRelease, render } from './render.ts';
import type { RenderOptions } from './render-options.ts';
import { askedHosts } from './render-sign-in.ts';

/** Least milliseconds between two reloads while more than half of the bound on old workers is used up. */
const SLOW_PACE_MS = 1000;

/** What the applier works with. */
export type ApplierParts = {
  readonly store: ReleaseStore;
  readonly nginx: NginxProcess;
  readonly options: RenderOptions;
  readonly addresses: NameAddresses;
  readonly clock: Clock;
};

/** Applies sets, one at a time. */
export class NginxApplier {
  readonly quarantine = new Quarantine();
  readonly #parts: ApplierParts;
  #live: LiveRelease | undefined;
  #reloadedAt = 0;

  constructor(parts: ApplierParts) {
    this.#parts = parts;
  }

  /** What is live, once an apply has succeeded. */
  get live(): LiveRelease | undefined {
    return this.#live;
  }

  /** Makes the directories, and ends what a crash interrupted; answers why nginx would not go back. */
  async prepare(): Promise<StepFailure | undefined> {
    const { rootDir, runDir } = this.#parts.options.config;
    for (const directory of [rootDir, join(rootDir, 'tmp'), runDir]) {
      await makeDirectory(directory, 0o755);
      // The workers, who are not root, must be able to reach their temporary files; keys are 0600 each.
      await chmod(directory, 0o711);
    }
    await this.#prepareLogs();
    const { interrupted } = await this.#parts.store.recover();
    const reload = interrupted && (await this.#parts.nginx.masterPid()) !== undefined;
    return reload ? this.#parts.nginx.reload() : undefined;
  }

  /** Workers open the log themselves when it has been moved away, so its directory is theirs; nobody else reads it. */
  async #prepareLogs(): Promise<void> {
    const { config, userId } = this.#parts.options;
    const directory = join(config.rootDir, 'log');
    if (!config.accessLog?.startsWith(`${directory}/`)) return;
    await makeDirectory(directory);
    if (userId !== undefined) await chown(directory, userId, process.getgid?.() ?? 0);
  }

  /** Makes a set so. After `rejected` the former set is served. */
  async apply(desired: DesiredSet): Promise<ApplyReport> {
    if (!desired.changed?.size) await this.#giveAnotherChance(desired.resources);
    const timingsMs: Record<string, number> = {};
    for (;;) {
      const plan = this.#timed(timingsMs, 'plan', () => this.#plan(desired.resources));
      await this.#parts.addresses.learn(askedHosts(plan));
      const release = this.#timed(timingsMs, 'render', () => this.#render(plan));
      const failure = (await this.#isServed(release)) ? undefined : await this.#activate(release, timingsMs);
      if (!failure) return { status: 'running', errors: [...plan.faults], timingsMs };
      const guilty = await this.#findGuilty(failure, release, plan, desired);
      if (guilty.keys.length === 0) return this.#rejected(failure, plan.faults, timingsMs);
      this.#setAside(guilty, failure, desired.resources);
    }
  }

  // A port known to be taken is not tried with a reload, which costs three seconds of going there and back.
  async #giveAnotherChance(resources: ReadonlyMap<string, Resource>): Promise<void> {
    const { taken } = await lookAtPorts(this.quarantine.within(resources), resources, this.#parts.options.listen);
    this.quarantine.clear(taken);
  }

  #plan(resources: ReadonlyMap<string, Resource>): Plan {
    const { config, stream, http3, build } = this.#parts.options;
    const reservedPorts = new Set([`tcp/${config.httpPort}`, `tcp/${config.httpsPort}`]);
    if (http3) reservedPorts.add(`udp/${config.httpsPort}`);
    return makePlan(
      resources,
      { reservedPorts, stream, streamTls: build.streamTls },
      this.quarantine.within(resources),
    );
  }

  #render(plan: Plan): RenderedRelease {
    const { options, addresses } = this.#parts;
    return render(plan, { ...options, addresses: addresses.known });
  }

  async #isServed(release: RenderedRelease): Promise<boolean> {
    const { store, nginx } = this.#parts;
    const current = await store.current();
    if (current?.id !== release.id || (await nginx.servedRelease()) !== release.id) return false;
    const live = { release: current, files: release.files };
    if ((await new DriftScan(store, live).find()).length > 0) return false;
    this.#live = live;
    return true;
  }

  async #activate(release: RenderedRelease, timingsMs: Record<string, number>): Promise<ApplyFailure | undefined> {
    const { store, nginx } = this.#parts;
    await this.#pace();
    const name = await store.freeName(release.id);
    const files = release.filesFor(name);
    const result = await applyRelease({
      store,
      files,
      id: name,
      validate: (staged) => this.#test(staged),
      reload: (target) => (this.#isNew(target, release) ? nginx.reload() : this.#goBack(target)),
      verify: () => nginx.takenOver(release.id),
    });
    if (result.timingsMs.reload !== undefined) this.#reloadedAt = this.#parts.clock.now();
    for (const [stage, ms] of Object.entries(result.timingsMs)) timingsMs[stage] = (timingsMs[stage] ?? 0) + ms;
    if (!result.ok) return result.failure;
    this.#live = { release: result.release, files };
    return undefined;
  }

  #isNew(target: Release | undefined, release: RenderedRelease): boolean {
    return target !== undefined && (target.id === release.id || target.id.startsWith(`${release.id}.`));
  }

  async #goBack(previous: Release | undefined): Promise<StepFailure | undefined> {
    const { nginx } = this.#parts;
    if (!previous) {
      await nginx.withdraw();
      return undefined;
    }
    return (await nginx.reload()) ?? (await nginx.settled());
  }

  async #test(staged: Release): Promise<StepFailure | undefined> {
    const failure = await this.#parts.nginx.test(staged.dir);
    return failure && { ...failure, stderr: failure.stderr.replaceAll(`${staged.dir}/`, '') };
  }

  async #findGuilty(failure: ApplyFailure, release: RenderedRelease, plan: Plan, desired: DesiredSet): Promise<Blame> {
    const blamed = blame(failure, release, plan);
    if (blamed) return blamed;
    if (failure.stage !== 'validate') return { keys: [], place: {} };
    return { keys: await this.#halve(desired), place: { exitCode: failure.exitCode } };
  }

  /** Searches among what has changed, or among all when that is not known. */
  async #halve({ resources, changed }: DesiredSet): Promise<string[]> {
    const suspects = [...(changed?.size ? changed : resources.keys())].filter((key) => resources.has(key));
    const suspected = new Set(suspects);
    const valid = async (kept: readonly string[]): Promise<boolean> => {
      const keep = new Set(kept);
      const some = new Map([...resources].filter(([key]) => keep.has(key) || !suspected.has(key)));
      return this.#wouldDo(some);
    };
    return (await valid([])) ? bisect(suspects, valid) : [];
  }

  async #wouldDo(resources: ReadonlyMap<string, Resource>): Promise<boolean> {
    const plan = this.#plan(resources);
    const { id, files } = this.#render(plan);
    const staged = await this.#parts.store.stage(files, `try-${id}`);
    try {
      return (await this.#test(staged)) === undefined;
    } finally {
      await staged.discard();
    }
  }

  #setAside(guilty: Blame, failure: ApplyFailure, resources: ReadonlyMap<string, Resource>): void {
    for (const key of guilty.keys) {
      const resource = resources.get(key);
      const fault = resource && faultOf(resource, stageOf(failure), failure.stderr, guilty.place);
      if (fault) this.quarantine.add(key, fault, resources);
    }
  }

  #rejected(failure: ApplyFailure, faults: readonly ResourceFault[], timingsMs: Record<string, number>): ApplyReport {
    const rollback = failure.rollbackError ? `\nand going back failed: ${failure.rollbackError}` : '';
    return { status: 'rejected', message: `${failure.stderr}${rollback}`, errors: [...faults], timingsMs };
  }

  /**
   * An apply goes at once. nginx's master, which rests for a tenth of a second after each reload, makes the window in
   * which the core collects what comes meanwhile. Only lingering workers slow it down.
   */
  async #pace(): Promise<void> {
    const { nginx, clock, options } = this.#parts;
    const old = (await nginx.workers()).filter((worker) => worker.old).length;
    if (old <= options.config.maxOldWorkers / 2) return;
    const wait = this.#reloadedAt + SLOW_PACE_MS - clock.now();
    if (wait > 0) await delay(clock, Math.min(wait, SLOW_PACE_MS));
  }

  #timed<T>(timingsMs: Record<string, number>, stage: string, run: () => T): T {
    const start = performance.now();
    const result = run();
    timingsMs[stage] = (timingsMs[stage] ?? 0) + Math.round(performance.now() - start);
    return result;
  }
}

function stageOf(failure: ApplyFailure): FaultStage {
  return failure.stage === 'validate' || failure.stage === 'reload' ? failure.stage : 'verify';
}
