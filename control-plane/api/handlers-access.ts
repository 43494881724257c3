import {
  type AccessService,
  type WatchMembersRequest,
  WatchMembersRequestSchema,
  type WatchMembersResponse,
  WatchMembersResponseSchema,
} from '@berth/proto/api/v1/access_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { decideAccessRequest, listAccessRequests } from '../app/access/decide.ts';
import { leaveContainer, listMembers, removeMember, setMember, watchedMembers } from '../app/access/members.ts';
import { requestAccess, withdrawAccessRequest } from '../app/access/requests.ts';
import {
  addSiteAdministrator,
  listSiteAdministrators,
  removeSiteAdministrator,
} from '../app/access/site-administrators.ts';
import { transferOwnership } from '../app/access/transfer.ts';
import { accessRequestShape, memberShape, siteAdministratorShape } from './access-shape.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { watch } from './watch.ts';

/** Access to containers and sites. */
export function accessHandlers(deps: ApiDeps): ServiceImpl<typeof AccessService> {
  return { ...memberHandlers(deps), ...requestHandlers(deps), ...siteHandlers(deps) };
}

function memberHandlers(deps: ApiDeps) {
  const { app } = deps;
  return {
    async listMembers(request, context) {
      const { rows, nextPageToken } = await listMembers(app, callerOf(context), request);
      return { members: rows.map(memberShape), nextPageToken };
    },
    watchMembers: (request, context) => watchMembers(deps, request, context),
    setMember: async (request, context) => ({ member: memberShape(await setMember(app, callerOf(context), request)) }),
    async removeMember(request, context) {
      await removeMember(app, callerOf(context), request);
      return {};
    },
    async leaveContainer(request, context) {
      await leaveContainer(app, callerOf(context), request);
      return {};
    },
    async transferOwnership(request, context) {
      await transferOwnership(app, callerOf(context), request);
      return {};
    },
  } satisfies Partial<ServiceImpl<typeof AccessService>>;
}

function requestHandlers({ app }: ApiDeps) {
  return {
    requestAccess: async (request, context) => ({
      request: accessRequestShape(await requestAccess(app, callerOf(context), request)),
    }),
    async listAccessRequests(request, context) {
      const { rows, nextPageToken } = await listAccessRequests(app, callerOf(context), request);
      return { requests: rows.map(accessRequestShape), nextPageToken };
    },
    decideAccessRequest: async (request, context) => ({
      request: accessRequestShape(await decideAccessRequest(app, callerOf(context), request)),
    }),
    async withdrawAccessRequest(request, context) {
      await withdrawAccessRequest(app, callerOf(context), request);
      return {};
    },
  } satisfies Partial<ServiceImpl<typeof AccessService>>;
}

function siteHandlers({ app }: ApiDeps) {
  return {
    async listSiteAdministrators(request, context) {
      const { rows, nextPageToken } = await listSiteAdministrators(app, callerOf(context), request);
      return { administrators: rows.map(siteAdministratorShape), nextPageToken };
    },
    addSiteAdministrator: async (request, context) => ({
      administrator: siteAdministratorShape(await addSiteAdministrator(app, callerOf(context), request)),
    }),
    async removeSiteAdministrator(request, context) {
      await removeSiteAdministrator(app, callerOf(context), request);
      return {};
    },
  } satisfies Partial<ServiceImpl<typeof AccessService>>;
}

async function* watchMembers(
  deps: ApiDeps,
  request: WatchMembersRequest,
  context: HandlerContext,
): AsyncIterable<WatchMembersResponse> {
  const { containerId: id } = await watchedMembers(deps.app, callerOf(context), request);
  const again = create(WatchMembersRequestSchema, { container: id });
  let last = '';
  yield* watch(
    deps,
    context,
    (topic) => topic.id === id,
    async (caller) => {
      const { members, total, openRequests } = await watchedMembers(deps.app, caller, again);
      const news = create(WatchMembersResponseSchema, { members: members.map(memberShape), total, openRequests });
      const bytes = Buffer.from(toBinary(WatchMembersResponseSchema, news)).toString('base64');
      const changed = bytes !== last;
      last = bytes;
      return { news: changed ? [news] : [], done: false };
    },
  );
}
