/**
 * Requests for access. Whether there is a container of some name is nobody's business who has no role in it, so a
 * request for what is not there is kept and shown to its sender just as any other: as open, as are those that an owner
 * never answers. For the same reason it names a container by "site/hostname" only, sites being known to everybody, and
 * stays open when its container is deleted. All are forgotten after the same time.
 */
import type { RequestAccessRequest, WithdrawAccessRequestRequest } from '@berth/proto/api/v1/access_pb.js';
import { roleIncludes } from '../../auth/policy.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import {
  insertRequest,
  type NamedRequest,
  namedRequest,
  openRequestsBy,
  updateOpenRequest,
} from '../../store/access-requests.ts';
import type { Row } from '../../store/schema.ts';
import type { GrantedRole } from '../../store/schema-directory.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findContainer, findSite } from '../find.ts';
import { difference, record } from '../record.ts';
import { roleIn } from '../roles.ts';
import { hostnameFault } from '../validate/names.ts';
import { referenceFault, textFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { findOwnRequest } from './find-request.ts';
import { tellOwner } from './letters.ts';
import { readRole } from './role-names.ts';

/** Requests of one person that wait at the same time. */
const MAX_OPEN = 20;
/** Characters of a message or an answer. */
export const MAX_WORDS = 1_000;

/** What a request names: a place for a container, with the container if there is one. */
interface Place {
  site: Row<'sites'>;
  hostname: string;
  container: Row<'containers'> | undefined;
}

/**
 * Asks for a role. An open request for the same container is changed instead.
 * @throws AppError "has_role" when the caller may do that already, "too_many_requests"
 */
export async function requestAccess(
  deps: AppDeps,
  caller: Caller,
  request: RequestAccessRequest,
): Promise<NamedRequest> {
  const found = new Violations();
  checkPlace(request.container, found);
  const role = readRole('role', request.role, found);
  found.check('message', textFault(request.message, MAX_WORDS));
  found.refuse();
  return deps.store.transaction(async (tx) => {
    const place = await findPlace(tx.db, caller, request.container);
    const visible = place.container && (await refuseNeedless(tx.db, caller, place.container, role));
    const open = await openRequestsBy(tx.db, caller.userId);
    const former = open.find(({ site_id, hostname }) => site_id === place.site.id && hostname === place.hostname);
    const asked = { role, message: request.message };
    const container_id = place.container?.id ?? null;
    if (!former && open.length >= MAX_OPEN) throw tooMany();
    const id = former?.id ?? newId('acr', tx.now);
    if (former) await updateOpenRequest(tx, { id, container_id }, { ...asked, container_id });
    else await insertRequest(tx, newRow(tx, caller, id, place, asked));
    const heard = former?.container_id === container_id;
    if (!heard && place.container) await tellOwner(deps, tx, caller, { ...place, container: place.container }, asked);
    await record(tx, caller, {
      ...deedOn(place, id),
      // Its sender reads this, too: it may not tell him that the container is there.
      containerId: visible ? container_id : null,
      action: 'access.request',
      change: difference(former ?? {}, asked),
    });
    return namedRequest(tx.db, id);
  });
}

/** Takes back an open request of the caller's own. @throws AppError "request_closed" */
export async function withdrawAccessRequest(
  { store }: AppDeps,
  caller: Caller,
  request: WithdrawAccessRequestRequest,
): Promise<void> {
  await store.transaction(async (tx) => {
    const row = await findOwnRequest(tx.db, caller, request.request);
    const { site_name, hostname } = await namedRequest(tx.db, row.id);
    const withdrawn = await updateOpenRequest(tx, row, { state: 'withdrawn', decided_at: tx.now });
    if (!withdrawn) throw requestClosed();
    const deed = { siteId: row.site_id, objectKind: 'access_request', objectId: row.id };
    await record(tx, caller, { ...deed, objectName: `${site_name}/${hostname}`, action: 'access.withdraw' });
  });
}

/** The error for a request that is not open any more. */
export function requestClosed(): AppError {
  return new AppError('failed_precondition', {
    reason: 'request_closed',
    message: 'This request has been decided or taken back already.',
  });
}

/** A name that could be a container's, or the identifier of one. */
function checkPlace(reference: string, found: Violations): void {
  if (!found.check('container', referenceFault(reference))) return;
  const slash = reference.indexOf('/');
  if (slash >= 0) found.check('container', hostnameFault(reference.slice(slash + 1)));
}

async function findPlace(db: Db, caller: Caller, reference: string): Promise<Place> {
  const slash = reference.indexOf('/');
  if (slash < 0) {
    const container = await findContainer(db, caller, reference, 'container', 'ContainersService.GetContainer');
    return { site: await findSite(db, container.site_id, 'container'), hostname: container.hostname, container };
  }
  const site = await findSite(db, reference.slice(0, slash), 'container');
  const hostname = reference.slice(slash + 1);
  const container = await db
    .selectFrom('containers')
    .selectAll()
    .where('site_id', '=', site.id)
    .where('hostname', '=', hostname)
    .executeTakeFirst();
  return { site, hostname, container };
}

/** @returns whether the caller sees the container anyway */
async function refuseNeedless(
  db: Db,
  caller: Caller,
  container: Row<'containers'>,
  asked: GrantedRole,
): Promise<boolean> {
  const role = await roleIn(db, caller, container);
  if (role === undefined || !roleIncludes(role, asked)) return role !== undefined;
  throw new AppError('failed_precondition', {
    reason: 'has_role',
    message: `You are ${role} of ${container.hostname} already.`,
  });
}

function newRow(
  tx: Tx,
  caller: Caller,
  id: string,
  { site, hostname, container }: Place,
  asked: { role: GrantedRole; message: string },
): Row<'access_requests'> {
  return {
    id,
    user_id: caller.userId,
    site_id: site.id,
    hostname,
    container_id: container?.id ?? null,
    ...asked,
    state: 'open',
    answer: '',
    decided_by: null,
    decided_at: null,
    created_at: tx.now,
  };
}

function deedOn({ site, hostname }: Place, id: string) {
  const objectName = `${site.name}/${hostname}`;
  return { siteId: site.id, objectKind: 'access_request', objectId: id, objectName };
}

function tooMany(): AppError {
  return new AppError('resource_exhausted', {
    reason: 'too_many_requests',
    message: `You have ${MAX_OPEN} requests that nobody has answered; take one back first.`,
  });
}
