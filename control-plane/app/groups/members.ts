import {
  type AddGroupMemberRequest,
  type GroupMember,
  GroupMemberSchema,
  type RemoveGroupMemberRequest,
} from '@berth/proto/api/v1/groups_pb.js';
import { create } from '@bufbuild/protobuf';
import { AppError, invalid } from '../../errors.ts';
import { bumpDirectory } from '../../store/directory-changes.ts';
import { groupMember, groupsWithin, type NewMember, removeGroupMember } from '../../store/groups.ts';
import type { MemberRow } from '../../store/people-lists.ts';
import type { Row } from '../../store/schema.ts';
import type { Db, Tx } from '../../store/store.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findGroup, findUser } from '../find.ts';
import { keepAdministrators } from '../people/last-administrator.ts';
import { record } from '../record.ts';
import { putIn, refuseLdapusers } from './put-into-groups.ts';

interface Named {
  group: Row<'groups'>;
  member: NewMember;
  /** The member as lists show it, without the time. */
  shown: Omit<MemberRow, 'created_at'>;
}

/**
 * Puts a person or a group into a group; who is in it already stays in it.
 * @throws AppError "group_ring" when a group would end up in itself
 */
export async function addMember(
  { store }: AppDeps,
  caller: Caller,
  request: AddGroupMemberRequest,
): Promise<MemberRow> {
  authorise(caller, 'GroupsService.AddGroupMember');
  return store.transaction(async (tx) => {
    const named = await findBoth(tx.db, request);
    const { group, member, shown } = named;
    refuseLdapusers(group, 'group');
    // Locked before the look for a ring: of two groups put into each other at once, the second sees the first.
    await bumpDirectory(tx, 'group', group.id);
    await refuseRing(tx, named);
    if (await putIn(tx, group, member)) {
      await keepAdministrators(tx);
      await recordMember(tx, caller, 'group.add-member', named);
    }
    const row = await groupMember(tx.db, group.id, member);
    return { ...shown, created_at: row?.created_at ?? tx.now };
  });
}

/** Takes a person or a group out of a group. @throws AppError "member_not_found", "last_administrator" */
export async function removeMember(
  { store }: AppDeps,
  caller: Caller,
  request: RemoveGroupMemberRequest,
): Promise<void> {
  authorise(caller, 'GroupsService.RemoveGroupMember');
  await store.transaction(async (tx) => {
    const named = await findBoth(tx.db, request);
    const { group, member, shown } = named;
    refuseLdapusers(group, 'group');
    if (!(await removeGroupMember(tx, group.id, member))) {
      const message = `${shown.name} was not put into ${group.name}.`;
      const violations = [{ field: `member.${shown.kind}`, description: message }];
      throw new AppError('not_found', { reason: 'member_not_found', message, violations });
    }
    await keepAdministrators(tx);
    await recordMember(tx, caller, 'group.remove-member', named);
  });
}

async function findBoth(db: Db, request: { group: string; member?: GroupMember | undefined }): Promise<Named> {
  const { member } = request.member ?? create(GroupMemberSchema);
  const group = await findGroup(db, request.group, 'group');
  if (member.case === 'user') {
    const { id, username, display_name } = await findUser(db, member.value, 'member.user');
    return { group, member: { userId: id }, shown: { kind: 'user', name: username, display_name } };
  }
  if (member.case === 'group') {
    const { id, name } = await findGroup(db, member.value, 'member.group');
    return { group, member: { groupId: id }, shown: { kind: 'group', name, display_name: '' } };
  }
  throw invalid([{ field: 'member', description: 'must name a user or a group' }]);
}

async function refuseRing(tx: Tx, { group, member, shown }: Named): Promise<void> {
  if (!('groupId' in member) || !(await groupsWithin(tx.db, [member.groupId])).has(group.id)) return;
  const itself = member.groupId === group.id;
  const message = itself ? 'A group cannot be put into itself.' : `${group.name} is within ${shown.name} already.`;
  const violations = [{ field: 'member.group', description: message }];
  throw new AppError('failed_precondition', { reason: 'group_ring', message, violations });
}

function recordMember(tx: Tx, caller: Caller, action: string, { group, member, shown }: Named): Promise<void> {
  const object = { siteId: null, objectKind: 'group', objectId: group.id };
  return record(tx, caller, { ...object, action, change: { group: group.name, [shown.kind]: shown.name, ...member } });
}
