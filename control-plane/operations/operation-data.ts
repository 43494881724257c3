/** What an operation remembers between its steps; kept as JSON in its row. */
export interface OperationData {
  /** Site revision at which the container's resources first stood in the desired state. */
  reservedRevision?: number;
  /** Site revision at which its routes were withdrawn. */
  withdrawnRevision?: number;
  /** Site revision at which its rows were gone. */
  releasedRevision?: number;
  /** Identifiers of commands by what they are for, chosen before they are sent. */
  commands?: Record<string, string>;
  /** Whether a command that makes the guest may have reached its node. */
  guestMayExist?: boolean;
  /** What the container's row held before, for taking a change back. */
  before?: { power?: 'running' | 'stopped'; cores?: number; memoryMib?: number };
  /** Stop at once instead of asking the guest's init. */
  force?: boolean;
}
