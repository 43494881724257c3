import type { SessionRequest, SessionResponse } from '@berth/proto/agent/v1/session_pb.js';

/** Why the control plane ends a session. */
export type EndCode = 'ok' | 'unauthenticated' | 'aborted' | 'deadline_exceeded' | 'invalid_argument' | 'unavailable';

/** The way to one agent, whatever carries it. */
export interface SessionLink {
  /** Sends a message; silently useless once the link is closed. */
  send(message: SessionResponse): void;
  /** Ends the link from this side. */
  close(code: EndCode, message: string): void;
}

/** Who is at the other end, as its certificate says. */
export interface Peer {
  agentId: string;
  /** End of the certificate it showed, milliseconds since the epoch; the session does not outlive it. */
  notAfter: number;
}

/** What the carrier of a session tells it. */
export interface SessionEnd {
  receive(message: SessionRequest): void;
  /** Resolves when everything received until now has been dealt with. */
  idle(): Promise<void>;
  /** The link is gone, for whatever reason. */
  closed(): void;
}
