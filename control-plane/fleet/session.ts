/**
 * One session of one agent, from its Hello to its end, free of any transport. Whatever happens to it (messages, nudges
 * of the change feed, timers) becomes a turn, and turns run one after the other: a session never races itself. Whatever
 * it writes is conditional on its epoch, and the first write that fails for that reason ends it.
 */
import { randomUUID } from 'node:crypto';
import {
  type Figures,
  type Hello,
  type SessionRequest,
  SessionResponseSchema,
} from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Logger } from '../log.ts';
import type { Covered } from '../store/agent-revisions.ts';
import { type AgentRole, endSession, rolesOf, takeOverSession } from '../store/agents.ts';
import type { Row } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { CommandSender } from './command-sender.ts';
import { ConfigPusher } from './config-pusher.ts';
import type { FleetSiteView } from './desired-view.ts';
import { HeldBack } from './held-back.ts';
import type { FleetObserver } from './observer.ts';
import { ReportReader } from './report-reader.ts';
import { type Reporter, Superseded } from './reports.ts';
import { roleNames } from './roles.ts';
import type { EndCode, Peer, SessionEnd, SessionLink } from './session-link.ts';

/** Intervals of a session, milliseconds. */
export interface SessionTimes {
  /** Between two heartbeats of the agent. */
  heartbeatMs: number;
  /** Silence after which the session is over; more than two heartbeats. */
  silenceMs: number;
  /** Within which Hello must come. */
  helloMs: number;
  /** Within which a delta must be answered. */
  answerMs: number;
}

/** What the control plane says to an agent. */
export type Say = Exclude<MessageInitShape<typeof SessionResponseSchema>['message'], undefined>;

/** What a session works with. */
export interface SessionDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  replicaId: string;
  times: SessionTimes;
  /** Takes the session up: the view of its site, ready and refreshed. */
  opened(session: Session, row: Row<'agents'>): Promise<FleetSiteView>;
  /** Has it noted that a revision asks nothing new of the session's agent. */
  covered(covered: Covered): void;
  /** The session is over; may be said twice. */
  ended(session: Session): void;
  observe?: FleetObserver | undefined;
}

/** A session; made when the link opens, over when `closed` was called. */
export class Session implements SessionEnd {
  readonly agentId: string;
  readonly #deps: SessionDeps;
  readonly #link: SessionLink;
  readonly #cancels = new Map<string, () => void>();
  #turns: Promise<void> = Promise.resolve();
  #state: 'new' | 'open' | 'over' = 'new';
  #lastSeenAt: number;
  #figures: Figures | undefined;
  #reporter: Reporter | undefined;
  #pusher: ConfigPusher | undefined;
  #commands: CommandSender | undefined;
  #reports: ReportReader | undefined;

  constructor(deps: SessionDeps, peer: Peer, link: SessionLink) {
    this.#deps = deps;
    this.#link = link;
    this.agentId = peer.agentId;
    this.#lastSeenAt = deps.clock.now();
    this.#timer('hello', deps.times.helloMs, () => this.end('deadline_exceeded', 'no Hello came'));
    const left = Math.max(0, peer.notAfter - deps.clock.now());
    this.#timer('expiry', left, () => this.end('unauthenticated', 'the certificate has expired'));
  }

  /** When the agent was last heard, milliseconds since the epoch. */
  get lastSeenAt(): number {
    return this.#lastSeenAt;
  }

  /** What the agent counted, as of its last heartbeat; undefined of one that does not tell. */
  get figures(): Figures | undefined {
    return this.#figures;
  }

  /** Epoch of the session; 0 before its Hello was answered. */
  get epoch(): number {
    return this.#reporter?.epoch ?? 0;
  }

  /** Resolves when everything that happened until now has been dealt with. */
  idle(): Promise<void> {
    return this.#turns;
  }

  /** A message of the agent. */
  receive(message: SessionRequest): void {
    this.#lastSeenAt = this.#deps.clock.now();
    this.#watchSilence();
    if (message.message.case === 'heartbeat') this.#figures = message.message.value.figures;
    else this.#turn(() => this.#take(message));
  }

  /** The site's view has moved. @param movedAt when that was heard, milliseconds since the epoch */
  viewMoved(movedAt: number): void {
    if (this.#pusher?.wake(movedAt)) this.#turn(async () => this.#pusher?.push());
  }

  /** Something about the agent's row or its commands has moved. */
  nudged(): void {
    if (this.#commands?.wake()) this.#turn(async () => this.#look());
  }

  /** Asks the agent to come back later. */
  drain(afterMs: number, jitterMs: number): void {
    const value = { reconnectAfter: durationFromMs(afterMs), jitter: durationFromMs(jitterMs) };
    this.#say({ case: 'drain', value });
  }

  /** Ends the session from this side. */
  end(code: EndCode, message: string): void {
    if (this.#state === 'over') return;
    if (code !== 'ok') this.#deps.log.info({ agent: this.agentId, code, reason: message }, 'session ended');
    this.#deps.observe?.onSessionEnded(code);
    this.#link.close(code, message);
    this.closed();
  }

  /** The link is gone. */
  closed(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    for (const cancel of this.#cancels.values()) cancel();
    this.#deps.ended(this);
    const { store, log } = this.#deps;
    this.#turns = this.#turns
      .then(() => (this.#reporter ? endSession(store, this.agentId, this.epoch, this.#lastSeenAt) : undefined))
      .catch((error) => log.warn({ err: error, agent: this.agentId }, 'the end of a session could not be written'));
  }

  async #take({ message }: SessionRequest): Promise<void> {
    if (message.case === 'hello') return this.#reporter ? this.#broken('a second Hello') : this.#open(message.value);
    if (!this.#reporter) return this.#broken(`${message.case ?? 'an unknown message'} came before Hello`);
    if (message.case === 'configStatus') return this.#pusher?.answered(message.value);
    return this.#reports?.take(message);
  }

  async #open(hello: Hello): Promise<void> {
    const { store, replicaId, times } = this.#deps;
    const sessionId = `ses-${randomUUID()}`;
    const row = await takeOverSession(store, {
      agentId: this.agentId,
      sessionId,
      replicaId,
      version: hello.version,
      capabilities: hello.capabilities,
      heldEpoch: hello.held?.epoch ?? 0n,
      heldGeneration: hello.held?.generation ?? 0n,
      runningGeneration: hello.held?.runningGeneration ?? 0n,
    });
    if (!row) return this.end('unauthenticated', 'this agent is revoked or not known here; let its host join again');
    this.#cancels.get('hello')?.();
    const view = await this.#begin(row, hello);
    if (!view) return;
    this.#say({
      case: 'welcome',
      value: {
        sessionId,
        epoch: BigInt(row.epoch),
        heartbeatInterval: durationFromMs(times.heartbeatMs),
        ackedLeaseSeq: BigInt(row.acked_lease_seq),
        agentId: this.agentId,
      },
    });
    this.#deps.log.info({ agent: this.agentId, epoch: row.epoch, version: hello.version }, 'session opened');
    this.#watchSilence();
    await this.#pusher?.push();
    await this.#look();
  }

  async #begin(row: Row<'agents'>, hello: Hello): Promise<FleetSiteView | undefined> {
    const { store, clock, log, times, observe } = this.#deps;
    const reporter = { agentId: row.id, siteId: row.site_id, epoch: row.epoch };
    this.#reporter = reporter;
    const say = (message: Say) => this.#say(message);
    const roles = usedRoles(row, hello);
    const view = await this.#deps.opened(this, row);
    if (this.#state === 'over') {
      this.#deps.ended(this);
      return undefined;
    }
    this.#state = 'open';
    const late = () => this.end('deadline_exceeded', 'a delta was not answered in time');
    const answer = { start: () => this.#timer('answer', times.answerMs, late), stop: () => this.#cancel('answer') };
    const covered = (generation: bigint, revision: bigint) =>
      this.#deps.covered({ ...reporter, generation: Number(generation), revision: Number(revision) });
    const heldBack =
      row.ahead_generation !== null && hello.held
        ? new HeldBack({ store, reporter, held: hello.held, say })
        : undefined;
    const pushing = { store, reporter, clock, log, view, roles, hello, heldBack, say, covered, answer, observe };
    this.#pusher = new ConfigPusher(pushing);
    this.#commands = new CommandSender({ store, reporter, clock, log, say });
    this.#reports = new ReportReader({ store, reporter, log, roles, say, commands: this.#commands, observe });
    return view;
  }

  async #look(): Promise<void> {
    const row = await this.#commands?.look();
    if (!row || this.#state !== 'open') return;
    if (row.status === 'revoked') return this.end('unauthenticated', 'this agent has been revoked');
    if (row.epoch !== this.epoch) throw new Superseded();
    const released = row.ahead_generation === null && (await this.#pusher?.release());
    if (row.rejected_generation < 0 && !released) await this.#pusher?.retry();
  }

  #broken(what: string): void {
    this.end('invalid_argument', what);
  }

  #turn(run: () => Promise<unknown>): void {
    this.#turns = this.#turns
      .then(async () => {
        if (this.#state !== 'over') await run();
      })
      .catch((error) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (error instanceof Superseded) {
      this.end('aborted', error.message);
      return;
    }
    this.#deps.log.error({ err: error, agent: this.agentId }, 'session failed');
    this.end('unavailable', 'the control plane could not deal with a message; come back');
  }

  #say(message: Say): void {
    if (this.#state !== 'over') this.#link.send(create(SessionResponseSchema, { message }));
  }

  #watchSilence(): void {
    if (this.#state !== 'open') return;
    this.#timer('silence', this.#deps.times.silenceMs, () => this.end('deadline_exceeded', 'the agent fell silent'));
  }

  #timer(name: string, ms: number, run: () => void): void {
    this.#cancel(name);
    this.#cancels.set(name, this.#deps.clock.after(ms, run));
  }

  #cancel(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }
}

// An agent started with fewer roles than it was enrolled for is not sent what it could not use.
function usedRoles(row: Row<'agents'>, hello: Hello): AgentRole[] {
  const started = roleNames(hello.roles);
  return rolesOf(row).filter((role) => started.length === 0 || started.includes(role));
}
