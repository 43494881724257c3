import { audit } from '../store/audit.ts';
import type { Tx } from '../store/store.ts';
import type { Caller } from './caller.ts';

/** What a verb did to one object. */
export interface Deed {
  /** e.g. "site.update". */
  action: string;
  siteId: string | null;
  objectKind: string;
  objectId: string;
  /** What changed; secrets left out. */
  change?: Record<string, unknown>;
}

/** Writes what a caller did into the audit, in the same transaction. */
export function record(tx: Tx, caller: Caller, deed: Deed): Promise<void> {
  return audit(tx, { change: {}, ...deed, userId: caller.userId, requestId: caller.requestId });
}
