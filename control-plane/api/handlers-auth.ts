import type { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { createFirstAdministrator, type SignedIn, setupRequired, signIn, signOut } from '../app/sign-in/sign-in.ts';
import { anonymousOf, callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { userShape } from './shapes.ts';

/** Sign-in of people. */
export function authHandlers({ app }: ApiDeps): ServiceImpl<typeof AuthService> {
  return {
    getSetupState: async () => ({ setupRequired: await setupRequired(app) }),
    createFirstAdministrator: async (request, context) =>
      signedInShape(await createFirstAdministrator(app, anonymousOf(context), request)),
    signIn: async (request, context) => signedInShape(await signIn(app, anonymousOf(context), request)),
    async signOut(_, context) {
      await signOut(app, callerOf(context));
      return {};
    },
    async whoAmI(_, context) {
      const { userId, username, administrator } = callerOf(context);
      return { user: userShape({ id: userId, username, administrator }) };
    },
  };
}

function signedInShape({ user, token, expiresAt }: SignedIn) {
  return { user: userShape(user), token, expiresAt: timestampFromMs(expiresAt) };
}
