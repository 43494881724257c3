import { GetUserRequestSchema, type UsersService } from '@berth/proto/api/v1/people_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { createUser } from '../app/people/create-user.ts';
import { deleteUserVerb } from '../app/people/delete-user.ts';
import { getUser, listUsers, lookup } from '../app/people/read-people.ts';
import { createPasswordResetLink } from '../app/people/reset-link.ts';
import { setUserPassword, updateUserVerb } from '../app/people/update-user.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { personShape } from './people-shape.ts';

/** People. */
export function userHandlers({ app }: ApiDeps): ServiceImpl<typeof UsersService> {
  const answer = async (caller: Caller, user: string) => ({
    user: personShape(await getUser(app, caller, create(GetUserRequestSchema, { user }))),
  });
  return {
    createUser: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await createUser(app, caller, request));
    },
    getUser: async (request, context) => ({ user: personShape(await getUser(app, callerOf(context), request)) }),
    async listUsers(request, context) {
      const { rows, nextPageToken } = await listUsers(app, callerOf(context), request);
      return { users: rows.map(personShape), nextPageToken };
    },
    updateUser: async (request, context) => {
      const caller = callerOf(context);
      return answer(caller, await updateUserVerb(app, caller, request));
    },
    async setUserPassword(request, context) {
      await setUserPassword(app, callerOf(context), request);
      return {};
    },
    async createPasswordResetLink(request, context) {
      const { url, expiresAt } = await createPasswordResetLink(app, callerOf(context), request);
      return { link: { url, mailed: false, expiresAt: timestampFromMs(expiresAt) } };
    },
    async deleteUser(request, context) {
      await deleteUserVerb(app, callerOf(context), request);
      return {};
    },
    async lookupPeople(request, context) {
      const { people, groups } = await lookup(app, callerOf(context), request);
      const named = people.map(({ id, username, display_name }) => ({ id, username, displayName: display_name }));
      return { people: named, groups };
    },
  };
}
