import { type AuditEntry, AuditEntrySchema, type AuditService, AuditVia } from '@berth/proto/api/v1/audit_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { exportAudit, listAuditEntries } from '../app/audit/read-audit.ts';
import type { Row } from '../store/schema.ts';
import { callerAgain, callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

const VIA: Record<Row<'audit'>['via'], AuditVia> = {
  '': AuditVia.UNSPECIFIED,
  page: AuditVia.PAGE,
  api: AuditVia.API,
  ldap: AuditVia.LDAP,
};

/** The audit log. */
export function auditHandlers({ app }: ApiDeps): ServiceImpl<typeof AuditService> {
  return {
    async listAuditEntries(request, context) {
      const { rows, nextPageToken } = await listAuditEntries(app, callerOf(context), request);
      return { entries: rows.map(entryShape), nextPageToken };
    },
    async *exportAudit(request, context) {
      for await (const rows of exportAudit(app, () => callerAgain(context), request)) {
        yield { entries: rows.map(entryShape) };
      }
    },
  };
}

function entryShape(row: Row<'audit'>): AuditEntry {
  return create(AuditEntrySchema, {
    id: row.id,
    at: timestampFromMs(row.at),
    userId: row.user_id ?? '',
    user: row.user_name,
    action: row.action,
    objectKind: row.object_kind,
    objectId: row.object_id,
    objectName: row.object_name,
    site: row.site_id ?? '',
    container: row.container_id ?? '',
    changes: Object.entries(JSON.parse(row.change_json) as Record<string, unknown>).map(changeShape),
    via: VIA[row.via],
    address: row.address,
    token: row.token_id,
    requestId: row.request_id,
  });
}

/** A change is a value, or `{ from, to }`. */
function changeShape([field, value]: [string, unknown]) {
  if (isStep(value)) return { field, from: textOf(value.from), to: textOf(value.to) };
  return { field, from: '', to: textOf(value) };
}

function isStep(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
