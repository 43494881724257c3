/** Who counts what happens to agents. */
export interface FleetObserver {
  /** An agent holds a generation safely, or serves it, so long after it was committed. */
  onPropagated(phase: 'accepted' | 'running', seconds: number): void;
  /** An agent has applied, or refused as a whole, what it was sent. @param seconds as the agent says */
  onApplied(result: 'running' | 'rejected', seconds: number): void;
  /** A session was ended from here. */
  onSessionEnded(code: string): void;
  /** A command has a result. @param seconds since it was asked for */
  onCommand(outcome: string, seconds: number): void;
}
