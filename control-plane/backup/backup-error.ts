/** Why a backup, a restore or a copy cannot be. */
export type BackupFault =
  /** The file is no backup of Berth's. */
  | 'not_a_backup'
  /** Made by a newer Berth: its format or its tables are not known here. */
  | 'too_new'
  | 'wrong_key'
  /** It ends too early. */
  | 'truncated'
  /** Its parts stand in another order than they were written in. */
  | 'reordered'
  /** Bytes of it were changed. */
  | 'changed'
  /** It was read whole, and does not hold what a backup must. */
  | 'malformed'
  /** The database to fill holds something already. */
  | 'not_empty'
  /** A control plane is using the database. */
  | 'in_use'
  /** A value that the other engine cannot keep. */
  | 'cannot_keep'
  /** A file or directory that is in the way or missing. */
  | 'wrong_file';

/** A failure of backup, restore or copy, in words for whoever runs it. */
export class BackupError extends Error {
  readonly fault: BackupFault;

  constructor(fault: BackupFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.fault = fault;
  }
}
