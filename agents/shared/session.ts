import {
  type Drain,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  type Welcome,
} from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Agent } from './agent.ts';
import { previewOf } from './preview.ts';

/** Milliseconds between heartbeats when the control plane names none. */
const HEARTBEAT_MS = 10_000;

/** What a message of the agent says. */
export type Say = Exclude<MessageInitShape<typeof SessionRequestSchema>['message'], undefined>;

type Heard = SessionResponse['message'];

/** The way to the control plane for one session, whatever carries it. */
export interface SessionTransport {
  /** Sends a message; silently useless once the transport is closed. */
  send(message: SessionRequest): void;
  /** Ends the transport, because the other end broke the rules or has been overtaken. */
  close(reason: string): void;
  /** The control plane wants the agent to come back later: not before `afterMs`, plus up to `jitterMs`. */
  drain(afterMs: number, jitterMs: number): void;
  /** The control plane has taken this session up. */
  welcomed(welcome: Welcome): void;
}

/**
 * One session from the agent's side: messages in, messages out. It knows no transport and no time but the clock it is
 * given; everything that outlives a session belongs to the agent.
 */
export class Session {
  readonly #agent: Agent;
  readonly #clock: Clock;
  readonly #transport: SessionTransport;
  #welcome: Welcome | undefined;
  #beats = 0n;
  #over = false;
  #cancelBeat: () => void = () => {};

  constructor(agent: Agent, clock: Clock, transport: SessionTransport) {
    this.#agent = agent;
    this.#clock = clock;
    this.#transport = transport;
  }

  /** Epoch under which the control plane took it up; 0 before. */
  get epoch(): bigint {
    return this.#welcome?.epoch ?? 0n;
  }

  /** Says hello. */
  start(): void {
    this.send({ case: 'hello', value: this.#agent.hello() });
  }

  /** Sends a message, unless the session is over. */
  send(message: Say): void {
    if (!this.#over) this.#transport.send(create(SessionRequestSchema, { message }));
  }

  /** Takes a message of the control plane. */
  receive({ message }: SessionResponse): void {
    if (this.#over) return;
    if (message.case === 'welcome') this.#open(message.value);
    else if (this.#welcome) this.#dispatch(message);
    else this.#transport.close(`${message.case ?? 'an unknown message'} came before welcome`);
  }

  /** The transport is gone, or a newer session has taken over. */
  end(): void {
    this.#over = true;
    this.#cancelBeat();
    this.#agent.sessionEnded(this);
  }

  #open(welcome: Welcome): void {
    const again = this.#welcome !== undefined;
    this.#welcome ??= welcome;
    if (again) this.#transport.close('a second welcome');
    else if (this.#agent.sessionOpened(this)) {
      this.#transport.welcomed(welcome);
      this.#beatIn(welcome.heartbeatInterval ? durationMs(welcome.heartbeatInterval) : HEARTBEAT_MS);
    } else this.#transport.close(`epoch ${welcome.epoch} is behind`);
  }

  #dispatch(message: Heard): void {
    switch (message.case) {
      case 'config':
        this.#agent.takeConfig(message.value, this);
        break;
      case 'command':
        this.#agent.takeCommand(message.value, this);
        break;
      case 'cancel':
        this.#agent.cancelCommand(message.value.commandId);
        break;
      case 'reportAck':
        this.#agent.acknowledge(message.value.commandIds);
        break;
      case 'trustUpdate':
        this.#agent.trust(message.value.caBundlePem);
        break;
      case 'preview':
        this.send({ case: 'previewResult', value: previewOf(this.#agent.held, message.value) });
        break;
      case 'drain':
        this.#drain(message.value);
        break;
    }
  }

  #beatIn(ms: number): void {
    this.#cancelBeat = this.#clock.after(ms, () => {
      this.#beats += 1n;
      this.send({ case: 'heartbeat', value: { seq: this.#beats, figures: this.#agent.figures() } });
      this.#beatIn(ms);
    });
  }

  #drain({ reconnectAfter, jitter }: Drain): void {
    this.#transport.drain(reconnectAfter ? durationMs(reconnectAfter) : 0, jitter ? durationMs(jitter) : 0);
  }
}
