import type { GetGroupRequest, ListGroupMembersRequest, ListGroupsRequest } from '@berth/proto/api/v1/groups_pb.js';
import { listMembers, type MemberRow, memberCounts } from '../../store/people-lists.ts';
import type { Row } from '../../store/schema.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findGroup } from '../find.ts';
import { type Page, readPage } from '../page.ts';

/** A group with what its page shows. */
export interface GroupView {
  group: Row<'groups'>;
  members: number;
}

/** Reads a group. @throws AppError "group_not_found" */
export async function getGroup({ store }: AppDeps, caller: Caller, request: GetGroupRequest): Promise<GroupView> {
  authorise(caller, 'GroupsService.GetGroup');
  const group = await findGroup(store.db, request.group, 'group');
  const counts = await memberCounts(store.db, [group.id]);
  return { group, members: counts.get(group.id) ?? 0 };
}

/** Lists groups by name. */
export async function listGroups(
  { store }: AppDeps,
  caller: Caller,
  request: ListGroupsRequest,
): Promise<Page<GroupView>> {
  authorise(caller, 'GroupsService.ListGroups');
  const page = await readPage(
    'groups',
    request,
    (row: Row<'groups'>) => row.name,
    (key, limit) => {
      const query = store.db.selectFrom('groups').selectAll().orderBy('name').limit(limit);
      return (key === undefined ? query : query.where('name', '>', key)).execute();
    },
  );
  const ids = page.rows.map(({ id }) => id);
  const counts = await memberCounts(store.db, ids);
  return { ...page, rows: page.rows.map((group) => ({ group, members: counts.get(group.id) ?? 0 })) };
}

/** Lists who was put into a group. */
export async function listGroupMembers(
  { store }: AppDeps,
  caller: Caller,
  request: ListGroupMembersRequest,
): Promise<Page<MemberRow>> {
  authorise(caller, 'GroupsService.ListGroupMembers');
  const { id } = await findGroup(store.db, request.group, 'group');
  return readPage(
    `members ${id}`,
    request,
    (row: MemberRow) => `${row.kind} ${row.name}`,
    (key, limit) => listMembers(store.db, id, key === undefined ? undefined : splitKey(key), limit),
  );
}

function splitKey(key: string): Pick<MemberRow, 'kind' | 'name'> {
  return { kind: key.startsWith('user ') ? 'user' : 'group', name: key.slice(key.indexOf(' ') + 1) };
}
