import { audit } from '../store/audit.ts';
import type { Tx } from '../store/store.ts';
import type { AnonymousCaller, Caller } from './caller.ts';

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
  const { userId, requestId, address, via, token } = caller;
  return audit(tx, { change: {}, ...deed, userId, requestId, address, via, ...(token && { tokenId: token.id }) });
}

/** Writes what happened on behalf of somebody who had not signed in; `userId` is whom it concerns, if known. */
export function recordAnonymous(tx: Tx, caller: AnonymousCaller, userId: string | null, deed: Deed): Promise<void> {
  const { requestId, address, via } = caller;
  return audit(tx, { change: {}, ...deed, userId, requestId, address, via });
}
