import { ConfigPhase, type ConfigStatus, type Hello } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Logger } from '../log.ts';
import type { AgentRole } from '../store/agents.ts';
import type { Store } from '../store/store.ts';
import type { FleetSiteView } from './desired-view.ts';
import type { HeldBack } from './held-back.ts';
import type { FleetObserver } from './observer.ts';
import { PushState } from './push-state.ts';
import { type Reporter, recordAccepted, recordOutcome, write } from './reports.ts';
import type { Say } from './session.ts';

/** What pushing works with. */
export interface ConfigPusherOptions {
  store: Store;
  reporter: Reporter;
  clock: Clock;
  log: Logger;
  view: FleetSiteView;
  roles: readonly AgentRole[];
  hello: Hello;
  /** Set while the agent must not be given anything; see held-back.ts. */
  heldBack?: HeldBack | undefined;
  say(message: Say): void;
  /** Notes that a revision asks nothing new of the agent. */
  covered(generation: bigint, revision: bigint): void;
  /** Starts and ends the wait for an answer. */
  answer: { start(): void; stop(): void };
  observe?: FleetObserver | undefined;
}

/** Brings desired state to one agent and notes how far each generation comes. */
export class ConfigPusher {
  readonly #options: ConfigPusherOptions;
  readonly #state: PushState;
  /** What is said of an epoch below is about a set that is none of ours. */
  readonly #ownEpoch: bigint;
  #heldBack: HeldBack | undefined;
  #desired = -1n;
  #covered = -1n;
  #awake = false;
  /** When the site moved: of what is still to be sent, and of what was sent last. */
  #movedAt: number | undefined;
  #sent: { generation: bigint; movedAt: number } | undefined;

  constructor(options: ConfigPusherOptions) {
    const { held } = options.hello;
    this.#options = options;
    this.#heldBack = options.heldBack;
    this.#ownEpoch = options.heldBack ? BigInt(options.reporter.epoch) : 0n;
    this.#state = new PushState(BigInt(options.reporter.epoch), {
      generation: held?.generation ?? 0n,
      digest: held?.digest ?? new Uint8Array(),
    });
  }

  /**
   * @param movedAt when it was heard that the site has moved, milliseconds since the epoch
   * @returns whether a turn of `push` is to be taken; not while one is on its way: it will see what is new then
   */
  wake(movedAt: number): boolean {
    this.#movedAt ??= movedAt;
    const first = !this.#awake;
    this.#awake = true;
    return first;
  }

  /**
   * Sends the newest state if the agent lacks it and nothing is in flight. It leaves before the row is written, so that no
   * agent waits for another's rows; should this session be superseded, the agent refuses its epoch, and the write ends it.
   */
  async push(): Promise<void> {
    this.#awake = false;
    const { store, reporter, view, roles, say, answer } = this.#options;
    const target = view.forAgent({ id: reporter.agentId, roles });
    if (this.#heldBack && !(await this.#heldBack.look(target))) return;
    this.#heldBack = undefined;
    const { revision } = view;
    const delta = this.#state.next(target);
    this.#timed(target.generation, delta !== undefined);
    if (!delta && target.generation === this.#desired) return this.#cover(revision);
    this.#desired = target.generation;
    this.#covered = revision;
    if (delta) {
      answer.start();
      say({ case: 'config', value: delta });
    }
    const desired = { desired_generation: Number(target.generation), covered_revision: Number(revision) };
    const set = delta ? { ...desired, sent_generation: Number(target.generation) } : desired;
    await store.transaction((tx) => write(tx, reporter, set));
  }

  /** An administrator has let the agent follow. @returns whether it was held back until now */
  async release(): Promise<boolean> {
    if (!this.#heldBack) return false;
    this.#heldBack = undefined;
    const { store, reporter } = this.#options;
    await store.transaction((tx) => write(tx, reporter, { rejected_generation: 0 }));
    await this.push();
    return true;
  }

  /** What asks nothing of this agent is not waited for. */
  #timed(generation: bigint, sent: boolean): void {
    if (sent && this.#movedAt !== undefined) this.#sent = { generation, movedAt: this.#movedAt };
    if (sent || !this.#state.waiting) this.#movedAt = undefined;
  }

  #cover(revision: bigint): void {
    if (revision <= this.#covered) return;
    this.#covered = revision;
    this.#options.covered(this.#desired, revision);
  }

  /** Sends the current generation once more because somebody asked for it. */
  async retry(): Promise<void> {
    const { store, reporter } = this.#options;
    await store.transaction((tx) => write(tx, reporter, { rejected_generation: 0 }));
    this.#state.force();
    await this.push();
  }

  /** Takes an answer in, and sends what has become due meanwhile. */
  async answered(status: ConfigStatus): Promise<void> {
    const { store, reporter, log, answer } = this.#options;
    if (status.epoch < this.#ownEpoch) return;
    const verdict = this.#state.answered(status);
    if (!this.#state.waiting) answer.stop();
    if (verdict !== 'ignored') this.#observe(status, verdict);
    if (verdict === 'accepted') await recordAccepted(store, reporter, status.generation);
    else if (verdict !== 'ignored') {
      await recordOutcome(store, reporter, status, verdict, this.#state.heldGeneration);
    } else {
      const { phase, generation } = status;
      log.debug({ agent: reporter.agentId, phase: ConfigPhase[phase], generation: generation.toString() }, 'answer');
    }
    await this.push();
  }

  #observe({ generation, timingsMs }: ConfigStatus, verdict: 'accepted' | 'running' | 'rejected'): void {
    const { clock, observe } = this.#options;
    if (verdict !== 'rejected' && this.#sent?.generation === generation) {
      observe?.onPropagated(verdict, (clock.now() - this.#sent.movedAt) / 1000);
      if (verdict === 'running') this.#sent = undefined;
    }
    const times = Object.values(timingsMs);
    if (verdict === 'accepted' || times.length === 0) return;
    observe?.onApplied(verdict, times.reduce((sum, ms) => sum + ms, 0) / 1000);
  }
}
