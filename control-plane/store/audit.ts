/**
 * The audit: who did what to what, from where, and what changed by it. Rows are only ever added, in the transaction of
 * the change itself; the database refuses to change or delete them. They keep the names of their time, so that they
 * can be read when the person or the object is gone, and they refer to nothing by constraint.
 */
import { newId } from '../ids.ts';
import { objectName } from './object-names.ts';
import type { AuditVia } from './schema-people.ts';
import type { Tx } from './store.ts';

/** One thing somebody changed. */
export interface AuditEntry {
  /** Who, or null for Berth itself. */
  userId: string | null;
  /** Login name of that time; looked up where it is not given. */
  userName?: string;
  /** What was done, e.g. "container.create". */
  action: string;
  siteId: string | null;
  objectKind: string;
  objectId: string;
  /** What people call the object; looked up where it is not given, so give it for what has just been deleted. */
  objectName?: string;
  /** The container it is about, if any; what is about a container by its kind need not say so. */
  containerId?: string | null;
  /** What changed: a value, or `{ from, to }`; the caller leaves secrets out. */
  change: Record<string, unknown>;
  requestId: string;
  /** Where from and by which way; nothing for Berth itself. */
  address?: string;
  via?: AuditVia;
  tokenId?: string;
}

/** What a change itself calls its object, for what is gone by now. */
function nameIn({ name, username, hostname }: Record<string, unknown>): string {
  return String([name, username, hostname].find((value) => typeof value === 'string') ?? '');
}

/** Writes an audit row in the transaction of the change itself, so that neither is there without the other. */
export async function audit(tx: Tx, entry: AuditEntry): Promise<void> {
  const { objectKind, objectId, userId } = entry;
  const isContainer = objectKind === 'container';
  await tx.db
    .insertInto('audit')
    .values({
      id: newId('aud', tx.now),
      at: tx.now,
      user_id: userId,
      user_name: entry.userName ?? (userId === null ? '' : await objectName(tx.db, 'user', userId)),
      action: entry.action,
      site_id: entry.siteId,
      container_id: isContainer ? objectId : (entry.containerId ?? null),
      object_kind: objectKind,
      object_id: objectId,
      object_name: entry.objectName ?? ((await objectName(tx.db, objectKind, objectId)) || nameIn(entry.change)),
      change_json: JSON.stringify(entry.change),
      request_id: entry.requestId,
      address: entry.address ?? '',
      via: entry.via ?? '',
      token_id: entry.tokenId ?? '',
    })
    .execute();
}
