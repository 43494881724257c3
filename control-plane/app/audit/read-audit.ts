import { createHash } from 'node:crypto';
import {
  type AuditFilter,
  AuditFilterSchema,
  type ExportAuditRequest,
  type ListAuditEntriesRequest,
} from '@berth/proto/api/v1/audit_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import { readBack, readOn } from '../../store/audit-read.ts';
import { pageKey, pageToken } from '../../store/page-tokens.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import type { Page } from '../page.ts';
import { pageSize } from '../validate/paging.ts';
import { Violations } from '../validate/violations.ts';
import { auditRange, seesAddress } from './audit-filter.ts';

/** Entries in one message of an export. */
const BATCH = 500;

/** Lists entries, newest first. A page may be short, or empty, before the end. */
export async function listAuditEntries(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListAuditEntriesRequest,
): Promise<Page<Row<'audit'>>> {
  authorise(caller, 'AuditService.ListAuditEntries');
  const found = new Violations();
  const size = pageSize(request.pageSize, found);
  found.refuse();
  const range = await auditRange(db, caller, request.filter);
  const list = `audit ${digestOf(request.filter)}`;
  const { rows, next } = await readBack(db, { ...range, to: pageKey(list, request.pageToken) ?? range.to }, size);
  return {
    rows: rows.map((row) => shown(caller, row)),
    nextPageToken: next === undefined ? '' : pageToken(list, next),
  };
}

/**
 * Exports entries up to now, oldest first.
 * @param again who calls as things are now; an export takes long, and rights end meanwhile
 */
export async function* exportAudit(
  { store: { db }, clock }: AppDeps,
  again: () => Promise<Caller>,
  request: ExportAuditRequest,
): AsyncGenerator<Row<'audit'>[]> {
  const first = await again();
  authorise(first, 'AuditService.ExportAudit');
  const range = await auditRange(db, first, request.filter, clock.now() + 1);
  for await (const rows of readOn(db, range, BATCH)) {
    const caller = await again();
    if (rows.length > 0) yield rows.map((row) => shown(caller, row));
  }
}

function shown(caller: Caller, row: Row<'audit'>): Row<'audit'> {
  return seesAddress(caller, row) ? row : { ...row, address: '' };
}

function digestOf(filter: AuditFilter | undefined): string {
  const bytes = toBinary(AuditFilterSchema, filter ?? create(AuditFilterSchema));
  return createHash('sha256').update(bytes).digest('base64url');
}
