import { type AuditFilter, AuditFilterSchema } from '@berth/proto/api/v1/audit_pb.js';
import { create } from '@bufbuild/protobuf';
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { type ExpressionBuilder, sql } from 'kysely';
import { firstId } from '../../ids.ts';
import type { AuditCondition, AuditRange } from '../../store/audit-read.ts';
import type { Database } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import { administeredSites, type Caller } from '../caller.ts';
import { findSiteIfNamed } from '../find.ts';
import { ownedContainers, roleIn } from '../roles.ts';
import { lineFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

const MAX_NAME = 320;
const MAX_ACTION = 64;
const MAX_TEXT = 100;
const FOREVER = 2 ** 48 - 1;

/**
 * The range of entries that a filter means and the caller may see.
 * @param latest end of the range unless the filter ends it before, milliseconds since the epoch
 * @throws AppError naming wrong fields, "site_not_found"
 */
export async function auditRange(
  db: Db,
  caller: Caller,
  asked: AuditFilter | undefined,
  latest = FOREVER,
): Promise<AuditRange> {
  const filter = asked ?? create(AuditFilterSchema);
  check(filter);
  const site = await findSiteIfNamed(db, filter.site, 'filter.site');
  const conditions = [visibleTo(db, caller), ...(site ? [equals('site_id', site.id)] : []), ...textConditions(filter)];
  if (filter.user !== '') conditions.push(doneBy(db, filter.user));
  if (filter.object !== '') conditions.push(await doneTo(db, caller, filter.object));
  if (filter.address !== '') conditions.push(equals('address', filter.address), addressVisibleTo(caller));
  return {
    conditions,
    from: firstId('aud', msOf(filter.since) ?? 0),
    to: firstId('aud', Math.min(msOf(filter.until) ?? FOREVER, latest)),
  };
}

/** Whether the caller may know where an entry came from. */
export function seesAddress(caller: Caller, entry: { user_id: string | null; site_id: string | null }): boolean {
  const sites = administeredSites(caller);
  if (sites === undefined || entry.user_id === caller.userId) return true;
  return entry.site_id !== null && sites.includes(entry.site_id);
}

function check(filter: AuditFilter): void {
  const found = new Violations();
  found.check('filter.user', lineFault(filter.user, MAX_NAME));
  found.check('filter.action', lineFault(filter.action, MAX_ACTION));
  found.check('filter.object', lineFault(filter.object, MAX_NAME));
  found.check('filter.text', lineFault(filter.text, MAX_TEXT));
  found.check('filter.address', lineFault(filter.address, MAX_ACTION));
  const since = msOf(filter.since);
  const until = msOf(filter.until);
  if (since !== undefined && !Number.isFinite(since)) found.check('filter.since', 'is no moment');
  if (until !== undefined && !(until > (since ?? -1))) found.check('filter.until', 'must be after since');
  found.refuse();
}

function msOf(time: Timestamp | undefined): number | undefined {
  return time && timestampMs(time);
}

/** All for administrators; for others what they did, what is about their containers and about the sites they run. */
function visibleTo(db: Db, caller: Caller): AuditCondition {
  const { token, userId } = caller;
  const sites = administeredSites({ ...caller, token: undefined });
  return (row) =>
    row.and([
      ...(token?.siteId ? [row('site_id', '=', token.siteId)] : []),
      ...(token?.containerId ? [row('container_id', '=', token.containerId)] : []),
      ...(sites === undefined
        ? []
        : [
            row.or([
              row('user_id', '=', userId),
              row('container_id', 'in', ownedContainers(db, caller)),
              ...(sites.length > 0 ? [row('site_id', 'in', sites)] : []),
            ]),
          ]),
    ]);
}

function addressVisibleTo(caller: Caller): AuditCondition {
  const sites = administeredSites(caller);
  return (row) =>
    sites === undefined
      ? row.and([])
      : row.or([row('user_id', '=', caller.userId), ...(sites.length > 0 ? [row('site_id', 'in', sites)] : [])]);
}

function equals(column: 'site_id' | 'address', value: string): AuditCondition {
  return (row) => row.and([row(column, '=', value)]);
}

function doneBy(db: Db, user: string): AuditCondition {
  const today = db.selectFrom('users').select('id').where('username', '=', user);
  return (row) => row.or([row('user_name', '=', user), row('user_id', '=', user), row('user_id', 'in', today)]);
}

async function doneTo(db: Db, caller: Caller, object: string): Promise<AuditCondition> {
  const containerId = await visibleContainerId(db, caller, object);
  return (row) =>
    row.or([
      row('object_id', '=', object),
      row('object_name', '=', object),
      row('container_id', '=', object),
      ...(containerId ? [row('container_id', '=', containerId)] : []),
    ]);
}

/** The container of a name, if the caller has a role in it. */
async function visibleContainerId(db: Db, caller: Caller, name: string): Promise<string | undefined> {
  const [site = '', hostname] = name.split('/', 2);
  if (hostname === undefined) return undefined;
  const row = await db
    .selectFrom('containers')
    .innerJoin('sites', 'sites.id', 'containers.site_id')
    .selectAll('containers')
    .where('sites.name', '=', site)
    .where('containers.hostname', '=', hostname)
    .executeTakeFirst();
  return row && (await roleIn(db, caller, row)) ? row.id : undefined;
}

const SEARCHED = ['user_name', 'action', 'object_name', 'change_json'] as const;

function textConditions({ action, text }: AuditFilter): AuditCondition[] {
  const conditions: AuditCondition[] = [];
  if (action !== '') conditions.push((row) => row.and([like(row, 'action', `${literal(action)}%`)]));
  if (text !== '') {
    const pattern = `%${literal(text)}%`;
    conditions.push((row) => row.or(SEARCHED.map((column) => like(row, column, pattern))));
  }
  return conditions;
}

function like(row: ExpressionBuilder<Database, 'audit'>, column: (typeof SEARCHED)[number], pattern: string) {
  return sql<boolean>`lower(${row.ref(column)}) like ${pattern} escape '!'`;
}

/** Text that stands for itself in a pattern. */
function literal(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()).replaceAll(/[!%_]/g, '!$&');
}
