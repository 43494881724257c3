/**
 * The fleet: every session this replica holds. It hears the change feed and passes on what concerns a session; what it
 * does not hear, because a nudge was lost or came from elsewhere, a slow sweep over the rows finds. It never asks an
 * agent anything on its own account and never takes silence for more than silence.
 */
import type { Figures } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Logger } from '../log.ts';
import type { Covered } from '../store/agent-revisions.ts';
import { clearSessionsOf, flushLastSeen } from '../store/agents.ts';
import { expireCommands } from '../store/commands.ts';
import type { Store, Topic } from '../store/store.ts';
import { Coverage } from './coverage.ts';
import type { FleetSiteView } from './desired-view.ts';
import type { FleetObserver } from './observer.ts';
import { prune } from './prune.ts';
import { Session, type SessionTimes } from './session.ts';
import type { Peer, SessionEnd, SessionLink } from './session-link.ts';
import { SiteHub } from './site-hub.ts';
import { concerned, requestRetry } from './sweep.ts';

const FLUSH_MS = 30_000;
const SWEEP_MS = 5_000;
const PRUNE_MS = 600_000;
const DRAIN = { afterMs: 500, jitterMs: 5_000 };

const TIMES: SessionTimes = { heartbeatMs: 10_000, silenceMs: 35_000, helloMs: 10_000, answerMs: 60_000 };

/** What the fleet works with. */
export interface FleetOptions {
  store: Store;
  clock: Clock;
  random: Random;
  log: Logger;
  /** This replica's identifier; the same after a restart, so that it can clear up behind itself. */
  replicaId: string;
  /** Opens the desired state of a site. */
  openView(siteId: string): Promise<FleetSiteView>;
  times?: Partial<SessionTimes>;
  /** Told of what happens, to be counted. */
  observe?: FleetObserver | undefined;
}

/** The sessions of this replica. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #open = new Set<Session>();
  readonly #byAgent = new Map<string, Session>();
  readonly #hubs = new Map<string, SiteHub>();
  readonly #coverage: Coverage;
  readonly #cancels: (() => void)[] = [];
  #startedAt = 0;
  #draining = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#coverage = new Coverage(options);
  }

  /** When this replica began to listen, milliseconds since the epoch; see `agentState`. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Sessions that are open now. */
  get size(): number {
    return this.#byAgent.size;
  }

  /** Revisions that the desired state of the sites with sessions here shows. */
  revisions(): Map<string, bigint> {
    return new Map(
      [...this.#hubs].flatMap(([siteId, { revision }]) => (revision === undefined ? [] : [[siteId, revision]])),
    );
  }

  /** What the agents with sessions here counted, by agent. */
  figures(): Map<string, Figures> {
    return new Map([...this.#byAgent].flatMap(([id, { figures }]) => (figures ? [[id, figures]] : [])));
  }

  /** Begins: forgets the sessions of a former life and listens to the change feed. */
  async start(): Promise<void> {
    const { store, clock, replicaId } = this.#options;
    this.#startedAt = clock.now();
    await clearSessionsOf(store, replicaId);
    this.#cancels.push(store.feed.subscribe((topic) => this.#heard(topic)));
    this.#every(FLUSH_MS, () => flushLastSeen(store, this.#lastSeen()));
    this.#every(SWEEP_MS, () => this.#sweep());
    this.#every(PRUNE_MS, () => prune(store));
  }

  /** Takes a link up; its first message must be Hello. */
  accept(peer: Peer, link: SessionLink): SessionEnd {
    const session = new Session(this.#deps(), peer, link);
    this.#open.add(session);
    if (this.#draining) session.end('unavailable', 'the control plane is going away');
    return session;
  }

  /** Has the current generation sent again to an agent that refused it or set part of it aside, wherever its session is. */
  retry(agentId: string): Promise<void> {
    return requestRetry(this.#options.store, agentId);
  }

  /** When an agent was last heard here, finer than its row; undefined when it has no session here. */
  lastSeenAt(agentId: string): number | undefined {
    return this.#byAgent.get(agentId)?.lastSeenAt;
  }

  /** Asks every agent to leave and come back later, spread over some seconds. */
  drain(): void {
    this.#draining = true;
    for (const session of this.#byAgent.values()) session.drain(DRAIN.afterMs, DRAIN.jitterMs);
  }

  /** Ends every session and everything that waits; resolves when all is written. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    const sessions = [...this.#open];
    for (const session of sessions) session.end('unavailable', 'the control plane is going away');
    await Promise.all(sessions.map((session) => session.idle()));
    await Promise.all([...this.#hubs.values()].map((hub) => hub.stop()));
    await this.#coverage.stop();
  }

  #deps() {
    const { store, clock, log, replicaId, times, observe } = this.#options;
    return {
      observe,
      store,
      clock,
      log,
      replicaId,
      times: { ...TIMES, ...times },
      opened: (session: Session, row: { site_id: string }) => this.#opened(session, row.site_id),
      covered: (covered: Covered) => this.#coverage.note(covered),
      ended: (session: Session) => this.#ended(session),
    };
  }

  #opened(session: Session, siteId: string): Promise<FleetSiteView> {
    const former = this.#byAgent.get(session.agentId);
    this.#byAgent.set(session.agentId, session);
    if (former !== session) former?.end('aborted', 'another session of this agent has taken over');
    return this.#hub(siteId).attach(session);
  }

  #ended(session: Session): void {
    this.#open.delete(session);
    if (this.#byAgent.get(session.agentId) === session) this.#byAgent.delete(session.agentId);
    for (const hub of this.#hubs.values()) hub.detach(session);
  }

  #hub(siteId: string): SiteHub {
    const known = this.#hubs.get(siteId);
    if (known) return known;
    const { clock, log, openView } = this.#options;
    const hub = new SiteHub({ siteId, clock, log, open: openView });
    this.#hubs.set(siteId, hub);
    return hub;
  }

  #heard(topic: Topic): void {
    if (topic.kind === 'site') this.#hubs.get(topic.id)?.moved();
    else if (topic.kind === 'agent') this.#byAgent.get(topic.id)?.nudged();
  }

  async #sweep(): Promise<void> {
    const { store } = this.#options;
    await expireCommands(store);
    for (const hub of this.#hubs.values()) hub.moved();
    const sessions = new Map([...this.#byAgent].map(([id, session]) => [id, session.epoch]));
    for (const id of await concerned(store, sessions)) this.#byAgent.get(id)?.nudged();
  }

  #lastSeen(): Map<string, number> {
    return new Map([...this.#byAgent].map(([id, session]) => [id, session.lastSeenAt]));
  }

  /** Runs something again and again, spread by up to a tenth, never twice at once. */
  #every(ms: number, run: () => Promise<unknown>): void {
    const { clock, random, log } = this.#options;
    let cancel = () => {};
    let over = false;
    const plan = () => {
      if (!over) cancel = clock.after(ms * (0.95 + 0.1 * random()), () => void turn());
    };
    const turn = async () => {
      await run().catch((error) => log.error({ err: error }, 'upkeep of the fleet failed; it is tried again'));
      plan();
    };
    plan();
    this.#cancels.push(() => {
      over = true;
      cancel();
    });
  }
}
