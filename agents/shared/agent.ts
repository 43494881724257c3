/**
 * The agent without its link. It owns what outlives a session: the ledger, the command journal, the roles and what
 * they report. Sessions come and go; whichever was welcomed last is the one that is spoken to. Everything that is said
 * is also known afterwards, so that a new session can be told again what the last one may have missed.
 */

import type { Command } from '@berth/proto/agent/v1/command_pb.js';
import {
  type ConfigDelta,
  ConfigPhase,
  type ConfigStatusSchema,
  type Figures,
  type HelloSchema,
} from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { DeltaOutcome, DeltaRefusal, HeldSet } from '@berth/proto/contract/delta.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Applier, type GenerationOutcome } from './applier.ts';
import type { CommandJournal } from './command-journal.ts';
import { CommandRunner } from './command-runner.ts';
import { AgentFigures } from './figures.ts';
import type { Ledger } from './ledger.ts';
import type { Logger } from './logger.ts';
import { newsOf, statusOf } from './outcome-words.ts';
import { Reports } from './reports.ts';
import type { RoleModule } from './role.ts';
import { RoleStarter } from './role-starter.ts';
import { Session, type SessionTransport } from './session.ts';
import type { AgentNews } from './status-file.ts';

/** Milliseconds between two repetitions of what is not acknowledged, and of the health. */
const REPEAT_MS = 30_000;

type Status = MessageInitShape<typeof ConfigStatusSchema>;

/** What an agent is made of. */
export interface AgentParts {
  roles: readonly RoleModule[];
  ledger: Ledger;
  journal: CommandJournal;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Identifier of this run, boot id of the host, version of the program. */
  instance: string;
  bootId: string;
  version: string;
  /** Makes and returns a role's own state directory. */
  stateDirOf(role: RoleModule): Promise<string>;
  /** Stores a new bundle of authorities. */
  trust(caBundlePem: string): Promise<void>;
  /** Tells who is on the host. */
  note?(news: AgentNews): void;
}

/** One agent: its host's roles and what they are to do. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #applier: Applier;
  readonly #commands: CommandRunner;
  readonly #reports: Reports;
  readonly #figures: AgentFigures;
  readonly #starter: RoleStarter;
  #session: Session | undefined;
  #epoch: bigint;
  #configs: Promise<void> = Promise.resolve();
  #cancelRepeat: () => void = () => {};

  constructor(parts: AgentParts) {
    const { roles, journal, clock, random, log, ledger } = parts;
    this.#parts = parts;
    this.#reports = new Reports((news) => this.#parts.note?.(news));
    this.#epoch = ledger.held.epoch;
    this.#figures = new AgentFigures(clock.now());
    const figures = this.#figures;
    const requestApply = () => this.#applier.retry();
    this.#starter = new RoleStarter({ ...parts, reports: this.#reports, figures, requestApply });
    this.#applier = new Applier({
      roles,
      clock,
      random,
      log,
      prepare: (role) => this.#starter.start(role),
      figures,
      ended: (outcome) => this.#applied(outcome),
    });
    this.#commands = new CommandRunner({
      roles,
      journal,
      clock,
      log,
      figures,
      runningGeneration: () => ledger.runningGeneration,
      sink: {
        result: (value) => this.#session?.send({ case: 'commandResult', value }),
        progress: (value) => this.#session?.send({ case: 'commandProgress', value }),
      },
    });
  }

  /** Starts the roles and applies what the ledger holds; resolves when the first try has ended. */
  async start(): Promise<void> {
    const { roles, ledger } = this.#parts;
    for (const role of roles) await this.#starter.startOrTell(role);
    // An agent that never held anything must not take down what its host serves.
    if (ledger.held.generation > 0n) this.#applier.submit(ledger.held);
    await this.idle();
    await this.#figures.read(this.#starter.started);
    this.#repeat();
  }

  /** Ends: what is being applied is finished, what is being executed is left for the next start. */
  async stop(): Promise<void> {
    this.#cancelRepeat();
    this.#session?.end();
    await this.#configs;
    await this.#commands.stop();
    await this.#applier.stop();
    for (const role of this.#starter.started) await role.stop();
    await this.#parts.ledger.close();
    await this.#parts.journal.close();
  }

  /** Begins a session over a transport that has just been opened. */
  connect(transport: SessionTransport): Session {
    const session = new Session(this, this.#parts.clock, transport);
    session.start();
    return session;
  }

  /** Resolves when everything accepted has been applied. */
  async idle(): Promise<void> {
    await this.#configs;
    await this.#applier.idle();
  }

  /** Notes something that is wrong with the agent itself, or with undefined that it is right again. */
  finding(about: string, text: string | undefined): void {
    this.#reports.wrong(about, text);
  }

  /** What it counted, for a heartbeat; read anew for the next one. */
  figures(): Figures | undefined {
    void this.#figures.read(this.#starter.started);
    return this.#figures.latest;
  }

  /** The first message of a session. */
  hello(): MessageInitShape<typeof HelloSchema> {
    const { instance, bootId, version, roles, ledger, journal } = this.#parts;
    return {
      instance,
      bootId,
      version,
      roles: roles.map(({ role }) => role),
      capabilities: this.#starter.capabilities,
      held: ledger.state(),
      unacknowledgedResults: journal.unacknowledged().length,
    };
  }

  /** A session was taken up. False when its epoch is behind one already seen: that control plane has been overtaken. */
  sessionOpened(session: Session): boolean {
    if (session.epoch < this.#epoch) return false;
    this.#epoch = session.epoch;
    const former = this.#session;
    this.#session = session;
    this.noteSession(true);
    this.#figures.sessionOpened();
    former?.end();
    this.#reports.open((report) => session.send(report));
    this.#commands.resend();
    const { outcome } = this.#applier;
    if (outcome) this.#tell(statusOf(outcome));
    for (const role of this.#starter.started) role.sessionOpened?.();
    this.#reports.beat();
    return true;
  }

  /** A session is over. */
  sessionEnded(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#reports.close();
  }

  /** Tells the host that a session was opened, or that there is none and why. */
  noteSession(open: boolean, reason = ''): void {
    this.#parts.note?.({ session: { open, sinceMs: this.#parts.clock.now(), reason } });
  }

  /** Takes desired state: into the ledger first, onto the host next. */
  takeConfig(delta: ConfigDelta, session: Session): void {
    if (session !== this.#session) return;
    this.#configs = this.#configs.then(() => this.#accept(delta)).catch((error) => this.#notAccepted(delta, error));
  }

  /** The desired state this agent holds. */
  get held(): HeldSet {
    return this.#parts.ledger.held;
  }

  /** Takes a command, unless it comes from a control plane that has been overtaken. */
  takeCommand(command: Command, session: Session): void {
    if (session !== this.#session || command.epoch < this.#epoch) {
      this.#parts.log.warn(
        { command: command.id, epoch: command.epoch.toString() },
        'command of an older epoch refused',
      );
      return;
    }
    this.#inBackground(this.#commands.handle(command), 'command');
  }

  /** Stops a command. */
  cancelCommand(id: string): void {
    this.#inBackground(this.#commands.cancel(id), 'cancel');
  }

  /** Results that the control plane has stored. */
  acknowledge(commandIds: readonly string[]): void {
    this.#inBackground(this.#parts.journal.acknowledge(commandIds), 'acknowledgement');
  }

  /** Authorities to trust from now on. */
  trust(caBundlePem: string): void {
    this.#inBackground(this.#parts.trust(caBundlePem), 'trust update');
  }

  async #accept(delta: ConfigDelta): Promise<void> {
    // It waited for its turn while a newer session took over, which has been told of less.
    if (delta.epoch < this.#epoch) return;
    const outcome = await this.#parts.ledger.accept(delta);
    if (outcome.ok) await this.#accepted(outcome);
    else this.#refused(delta, outcome.refusal);
  }

  async #accepted({ held, changed, duplicate }: Extract<DeltaOutcome, { ok: true }>): Promise<void> {
    this.#tell({
      epoch: held.epoch,
      generation: held.generation,
      digest: held.digest.bytes(),
      phase: ConfigPhase.ACCEPTED,
    });
    if (duplicate) this.#again();
    else if (changed.size > 0) this.#applier.submit(held, changed);
    else await this.#renumbered(held);
  }

  async #renumbered(held: HeldSet): Promise<void> {
    const known = this.#applier.renumber(held);
    if (known) await this.#applied(known);
  }

  /** The same generation again is somebody asking: for the answer, or for another try. */
  #again(): void {
    const { outcome } = this.#applier;
    if (outcome) this.#tell(statusOf(outcome));
    if (outcome && (outcome.phase === ConfigPhase.REJECTED || outcome.errors.length > 0)) this.#applier.retry();
  }

  #refused(delta: ConfigDelta, refusal: DeltaRefusal): void {
    const { held } = this.#parts.ledger;
    const about = { epoch: delta.epoch, generation: delta.toGeneration, digest: delta.toDigest };
    const message = `${refusal}: generation ${held.generation} of epoch ${held.epoch} is held`;
    this.#parts.log.warn({ generation: delta.toGeneration.toString() }, message);
    const phase = refusal === 'needs-snapshot' ? ConfigPhase.NEED_SNAPSHOT : ConfigPhase.REJECTED;
    this.#tell({ ...about, phase, message });
  }

  #notAccepted(delta: ConfigDelta, error: unknown): void {
    this.#parts.log.error({ err: error }, 'the ledger cannot be written');
    const message = `the ledger cannot be written: ${error instanceof Error ? error.message : String(error)}`;
    const about = { epoch: delta.epoch, generation: delta.toGeneration, digest: delta.toDigest };
    this.#tell({ ...about, phase: ConfigPhase.REJECTED, message });
  }

  async #applied(outcome: GenerationOutcome): Promise<void> {
    const { generation } = outcome.set;
    const { message, errors, timingsMs } = outcome;
    const running = outcome.phase === ConfigPhase.RUNNING;
    const words = running ? 'running' : 'rejected';
    this.#parts.log.info({ generation: generation.toString(), message, quarantined: errors.length, timingsMs }, words);
    if (running) await this.#remember(generation);
    this.#parts.note?.(newsOf(outcome));
    this.#tell(statusOf(outcome));
  }

  async #remember(generation: bigint): Promise<void> {
    try {
      await this.#parts.ledger.markRunning(generation);
      this.finding('ledger', undefined);
    } catch (error) {
      this.finding('ledger', `the ledger cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #tell(status: Status): void {
    this.#session?.send({ case: 'configStatus', value: status });
  }

  #repeat(): void {
    this.#cancelRepeat = this.#parts.clock.after(REPEAT_MS, () => {
      if (this.#session) this.#commands.resendResults();
      this.#reports.beat();
      this.#repeat();
    });
  }

  #inBackground(work: Promise<unknown>, what: string): void {
    work.catch((error) => this.#parts.log.error({ err: error }, `${what} failed`));
  }
}
