import { GetGroupRequestSchema, type GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { addMember, removeMember } from '../app/groups/members.ts';
import { getGroup, listGroupMembers, listGroups } from '../app/groups/read-groups.ts';
import { createGroup, deleteGroupVerb, updateGroupVerb } from '../app/groups/write-groups.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { groupShape, memberShape } from './people-shape.ts';

/** Groups. */
export function groupHandlers({ app }: ApiDeps): ServiceImpl<typeof GroupsService> {
  const answer = async (caller: Caller, group: string) => ({
    group: groupShape(await getGroup(app, caller, create(GetGroupRequestSchema, { group }))),
  });
  return {
    createGroup: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await createGroup(app, caller, request));
    },
    getGroup: async (request, context) => ({ group: groupShape(await getGroup(app, callerOf(context), request)) }),
    async listGroups(request, context) {
      const { rows, nextPageToken } = await listGroups(app, callerOf(context), request);
      return { groups: rows.map(groupShape), nextPageToken };
    },
    updateGroup: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await updateGroupVerb(app, caller, request));
    },
    async deleteGroup(request, context) {
      await deleteGroupVerb(app, callerOf(context), request);
      return {};
    },
    async listGroupMembers(request, context) {
      const { rows, nextPageToken } = await listGroupMembers(app, callerOf(context), request);
      return { members: rows.map(memberShape), nextPageToken };
    },
    addGroupMember: async (request, context) => ({
      member: memberShape(await addMember(app, callerOf(context), request)),
    }),
    async removeGroupMember(request, context) {
      await removeMember(app, callerOf(context), request);
      return {};
    },
  };
}
