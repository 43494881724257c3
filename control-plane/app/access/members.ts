import type {
  LeaveContainerRequest,
  ListMembersRequest,
  RemoveMemberRequest,
  SetMemberRequest,
  WatchMembersRequest,
} from '@berth/proto/api/v1/access_pb.js';
import type { ContainerRole } from '../../auth/policy.ts';
import { AppError, invalid } from '../../errors.ts';
import { countOpenRequests } from '../../store/access-requests.ts';
import {
  countMembers,
  deleteMember,
  memberOf,
  membersOf,
  type NamedMember,
  putMember,
} from '../../store/container-members.ts';
import type { Row } from '../../store/schema.ts';
import type { Db } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import type { Caller } from '../caller.ts';
import { findContainer } from '../find.ts';
import { type Page, readPage } from '../page.ts';
import { difference, record } from '../record.ts';
import { roleIn } from '../roles.ts';
import { referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';
import { containerToGovern, deedOn } from './govern.ts';
import { checkHolder, type FoundHolder, findHolder, holderOf } from './holders.ts';
import { readRole } from './role-names.ts';

/** Members that a watch sends at most. */
const WATCHED = 1_000;

/** Somebody with a role in a container. */
export interface MemberView {
  holder: FoundHolder;
  role: ContainerRole;
  /** Login name; empty for the owner and where it is not known any more. */
  grantedBy: string;
  /** Milliseconds since the epoch. */
  grantedAt: number;
}

/** Lists the members of a container; the first page begins with the owner. */
export async function listMembers(
  { store: { db } }: AppDeps,
  caller: Caller,
  request: ListMembersRequest,
): Promise<Page<MemberView>> {
  const container = await findContainer(db, caller, request.container, 'container', 'AccessService.ListMembers');
  const page = await readPage(
    `members ${container.id}`,
    request,
    (row: NamedMember) => row.id,
    (key, limit) => membersOf(db, container.id, key, limit),
  );
  const first = request.pageToken === '' ? [await ownerView(db, container)] : [];
  return { ...page, rows: [...first, ...page.rows.map(memberView)] };
}

/** The members as a watcher sees them at one moment. */
export async function watchedMembers({ store: { db } }: AppDeps, caller: Caller, request: WatchMembersRequest) {
  const container = await findContainer(db, caller, request.container, 'container', 'AccessService.WatchMembers');
  const rows = await membersOf(db, container.id, undefined, WATCHED - 1);
  const decides = (await roleIn(db, caller, container)) === 'owner';
  return {
    containerId: container.id,
    members: [await ownerView(db, container), ...rows.map(memberView)],
    total: 1 + (await countMembers(db, container.id)),
    openRequests: decides ? await countOpenRequests(db, container.id) : 0,
  };
}

/** Gives a role. The same role again changes nothing. */
export async function setMember({ store }: AppDeps, caller: Caller, request: SetMemberRequest): Promise<MemberView> {
  const found = new Violations();
  found.check('container', referenceFault(request.container));
  checkHolder(request.holder, found);
  const role = readRole('role', request.role, found);
  found.refuse();
  return store.transaction(async (tx) => {
    const rpc = 'AccessService.SetMember';
    const container = await containerToGovern(store, tx, caller, request.container, rpc);
    const holder = await findHolder(tx.db, request.holder);
    if ('userId' in holder.id && holder.id.userId === container.owner_id) {
      throw invalid([{ field: 'holder.user', description: `${holder.name} owns the container` }], 'is_owner');
    }
    const before = await memberOf(tx.db, container.id, holder.id);
    if (before?.role !== role) {
      await putMember(tx, container.id, holder.id, { role, by: caller.userId });
      const change = { [holder.kind]: holder.name, ...difference({ role: before?.role }, { role }) };
      await record(tx, caller, { ...deedOn(container), action: 'container.share', change });
      return { holder, role, grantedBy: caller.username, grantedAt: before?.created_at ?? tx.now };
    }
    return { holder, role, grantedBy: '', grantedAt: before.created_at };
  });
}

/** Takes a role away. @throws AppError "member_not_found" */
export async function removeMember({ store }: AppDeps, caller: Caller, request: RemoveMemberRequest): Promise<void> {
  const found = new Violations();
  found.check('container', referenceFault(request.container));
  checkHolder(request.holder, found);
  found.refuse();
  await store.transaction(async (tx) => {
    const rpc = 'AccessService.RemoveMember';
    const container = await containerToGovern(store, tx, caller, request.container, rpc);
    const holder = await findHolder(tx.db, request.holder);
    const before = await memberOf(tx.db, container.id, holder.id);
    if (!before) throw noMember(container, holder);
    await deleteMember(tx, container.id, holder.id);
    const change = { [holder.kind]: holder.name, role: { from: before.role, to: null } };
    await record(tx, caller, { ...deedOn(container), action: 'container.unshare', change });
  });
}

/** Gives up the caller's own role. @throws AppError "no_own_role" when he has none or has it by something else */
export async function leaveContainer(
  { store }: AppDeps,
  caller: Caller,
  request: LeaveContainerRequest,
): Promise<void> {
  await store.transaction(async (tx) => {
    const rpc = 'AccessService.LeaveContainer';
    const container = await containerToGovern(store, tx, caller, request.container, rpc);
    const before = await memberOf(tx.db, container.id, { userId: caller.userId });
    if (!before) throw noOwnRole(container, caller);
    await deleteMember(tx, container.id, { userId: caller.userId });
    const change = { user: caller.username, role: { from: before.role, to: null } };
    await record(tx, caller, { ...deedOn(container), action: 'container.leave', change });
  });
}

async function ownerView(db: Db, container: Row<'containers'>): Promise<MemberView> {
  const { owner_id: userId } = container;
  const row = await db
    .selectFrom('users')
    .select(['username', 'display_name'])
    .where('id', '=', userId)
    .executeTakeFirst();
  const holder = {
    id: { userId },
    kind: 'user' as const,
    name: row?.username ?? '',
    displayName: row?.display_name ?? '',
  };
  return { holder, role: 'owner', grantedBy: '', grantedAt: container.created_at };
}

function memberView(row: NamedMember): MemberView {
  return {
    holder: holderOf(row),
    role: row.role,
    grantedBy: row.granted_by_name ?? '',
    grantedAt: row.created_at,
  };
}

function noMember(container: Row<'containers'>, { kind, name }: FoundHolder): AppError {
  const message = `${name} has not been given a role in ${container.hostname}.`;
  const violations = [{ field: `holder.${kind}`, description: message }];
  return new AppError('not_found', { reason: 'member_not_found', message, violations });
}

function noOwnRole(container: Row<'containers'>, caller: Caller): AppError {
  const why =
    container.owner_id === caller.userId
      ? 'You own it: transfer it to somebody else first.'
      : 'What you may do there comes from a group, or from administering the site.';
  return new AppError('failed_precondition', {
    reason: 'no_own_role',
    message: `You cannot leave ${container.hostname}. ${why}`,
  });
}
