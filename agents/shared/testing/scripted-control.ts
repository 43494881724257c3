import { type SessionRequest, SessionResponseSchema } from '@berth/proto/agent/v1/session_pb.js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Agent } from '../agent.ts';
import type { Session } from '../session.ts';

type Sent = SessionRequest['message'];
type Case = Exclude<Sent['case'], undefined>;
type Value<C extends Case> = Extract<Sent, { case: C }>['value'];

/** The control plane's end of one session, as the test writes it. */
export class ScriptedControl {
  readonly sent: Sent[] = [];
  readonly session: Session;
  closed: string | undefined;
  drained: [number, number] | undefined;

  constructor(agent: Agent) {
    this.session = agent.connect({
      send: ({ message }) => void this.sent.push(message),
      close: (reason) => {
        this.closed = reason;
        this.session.end();
      },
      drain: (afterMs, jitterMs) => {
        this.drained = [afterMs, jitterMs];
      },
      welcomed: () => {},
    });
  }

  /** Sends a message to the agent. */
  say(message: MessageInitShape<typeof SessionResponseSchema>['message']): void {
    this.session.receive(create(SessionResponseSchema, { message }));
  }

  /** Takes the session up. */
  welcome(epoch: bigint): this {
    this.say({ case: 'welcome', value: { sessionId: 's', epoch, heartbeatInterval: { seconds: 5n } } });
    return this;
  }

  /** What the agent said of one kind. */
  said<C extends Case>(kind: C): Value<C>[] {
    const values: unknown[] = this.sent.filter((message) => message.case === kind).map(({ value }) => value);
    return values as Value<C>[];
  }
}
