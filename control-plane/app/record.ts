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
  /** What people call the object; needed for what has just been deleted only. */
  objectName?: string;
  /** The container it is about, where the object is not the container itself. */
  containerId?: string | null;
  /** What changed, by field: a value, or `{ from, to }` (see `difference`); secrets left out. */
  change?: Record<string, unknown>;
}

/** Writes what a caller did into the audit, in the same transaction. */
export function record(tx: Tx, caller: Caller, deed: Deed): Promise<void> {
  const { userId, username: userName, requestId, address, via, token } = caller;
  const who = { userId, userName, requestId, address, via, ...(token && { tokenId: token.id }) };
  return audit(tx, { change: {}, ...deed, ...who });
}

/** Writes what happened on behalf of somebody who had not signed in; `userId` is whom it concerns, if known. */
export function recordAnonymous(tx: Tx, caller: AnonymousCaller, userId: string | null, deed: Deed): Promise<void> {
  const { requestId, address, via } = caller;
  return audit(tx, { change: {}, ...deed, userId, requestId, address, via });
}

/** What an update really changed: each field whose value is another afterwards, as `{ from, to }`. */
export function difference(before: object, after: object): Record<string, { from: unknown; to: unknown }> {
  const former = new Map<string, unknown>(Object.entries(before));
  const changed = Object.entries(after).filter(
    ([field, to]) => JSON.stringify(former.get(field)) !== JSON.stringify(to),
  );
  return Object.fromEntries(changed.map(([field, to]) => [field, { from: former.get(field) ?? null, to: to ?? null }]));
}
