import { newId } from '../ids.ts';
import type { AuditVia } from './schema-people.ts';
import type { Tx } from './store.ts';

/** One thing somebody changed. */
export interface AuditEntry {
  /** Who, or null for Berth itself. */
  userId: string | null;
  /** What was done, e.g. "container.create". */
  action: string;
  siteId: string | null;
  objectKind: string;
  objectId: string;
  /** What changed; the caller leaves secrets out. */
  change: Record<string, unknown>;
  requestId: string;
  /** Where from and by which way; nothing for Berth itself. */
  address?: string;
  via?: AuditVia;
  tokenId?: string;
}

/** Writes an audit row in the transaction of the change itself, so that neither is there without the other. */
export async function audit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx.db
    .insertInto('audit')
    .values({
      id: newId('aud', tx.now),
      at: tx.now,
      user_id: entry.userId,
      action: entry.action,
      site_id: entry.siteId,
      object_kind: entry.objectKind,
      object_id: entry.objectId,
      change_json: JSON.stringify(entry.change),
      request_id: entry.requestId,
      address: entry.address ?? '',
      via: entry.via ?? '',
      token_id: entry.tokenId ?? '',
    })
    .execute();
}
