import type { SessionRequest, SessionResponse } from '@berth/proto/agent/v1/session_pb.js';
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Agent } from './agent.ts';
import type { Identity } from './identity.ts';
import type { Session } from './session.ts';
import { type Keepalive, SessionClient } from './session-client.ts';

/** Milliseconds a control plane may take to welcome an agent. */
const WELCOME_MS = 15_000;

/** How a connection came to its end. */
export interface ConnectionEnd {
  /** In words, for the log. */
  reason: string;
  /** Milliseconds its session lasted; 0 when there was no welcome. */
  sessionMs: number;
  /** What the control plane asked for before it ended, milliseconds. */
  drain?: { afterMs: number; jitterMs: number };
}

/** One session over one connection; it never reconnects. */
export class Connection {
  readonly client: SessionClient;
  /** Resolves when it is over. */
  readonly ended: Promise<ConnectionEnd>;
  /** Resolves true when the session was taken up, false when it ended without. */
  readonly welcomed: Promise<boolean>;
  readonly #clock: Clock;
  readonly #stream: ClientDuplexStream<SessionRequest, SessionResponse>;
  readonly #session: Session;
  #welcomedAt: number | undefined;
  #drain: ConnectionEnd['drain'];
  #end: (end: ConnectionEnd) => void = () => {};
  #over = false;

  /** Opens it. @throws when the identity cannot be used */
  constructor(agent: Agent, identity: Identity, clock: Clock, keepalive: Keepalive) {
    this.#clock = clock;
    const ended = Promise.withResolvers<ConnectionEnd>();
    const welcomed = Promise.withResolvers<boolean>();
    this.ended = ended.promise;
    this.welcomed = welcomed.promise;
    const cancel = clock.after(WELCOME_MS, () => this.close('no welcome in time'));
    this.#end = (end) => {
      cancel();
      welcomed.resolve(false);
      ended.resolve(end);
    };
    this.client = new SessionClient(identity, keepalive);
    this.#stream = this.client.session();
    this.#listen();
    this.#session = agent.connect({
      send: (message) => void (this.#over || this.#stream.write(message)),
      close: (reason) => this.close(reason),
      drain: (afterMs, jitterMs) => {
        this.#drain = { afterMs, jitterMs };
        this.close('drained');
      },
      welcomed: () => {
        cancel();
        this.#welcomedAt = clock.now();
        welcomed.resolve(true);
      },
    });
  }

  /** Ends it from this side. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    const sessionMs = this.#welcomedAt === undefined ? 0 : this.#clock.now() - this.#welcomedAt;
    this.#session.end();
    this.#stream.end();
    this.#stream.cancel();
    this.client.close();
    this.#end({ reason, sessionMs, ...(this.#drain && { drain: this.#drain }) });
  }

  #listen(): void {
    this.#stream.on('data', (message: SessionResponse) => this.#session.receive(message));
    this.#stream.on('error', (error: ServiceError) => this.close(error.details || error.message));
    this.#stream.on('end', () => this.close('ended by the control plane'));
  }
}
