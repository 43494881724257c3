import type { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { completeSignIn } from '../app/sign-in/complete-sign-in.ts';
import type { SignedIn, SignInOutcome } from '../app/sign-in/open-or-ask.ts';
import { createFirstAdministrator, setupRequired, signIn, signOut } from '../app/sign-in/sign-in.ts';
import { VERSION } from '../version.ts';
import { anonymousOf, callerOf } from './caller-context.ts';
import { challengeShape } from './challenge-shape.ts';
import type { ApiDeps } from './deps.ts';
import { userShape } from './shapes.ts';

/** Sign-in of people. */
export function authHandlers({ app }: ApiDeps): ServiceImpl<typeof AuthService> {
  return {
    getSetupState: async () => ({ setupRequired: await setupRequired(app) }),
    createFirstAdministrator: async (request, context) =>
      signedInShape(await createFirstAdministrator(app, anonymousOf(context), request)),
    signIn: async (request, context) => outcomeShape(await signIn(app, anonymousOf(context), request)),
    async completeSignIn(request, context) {
      const { signedIn, recoveryCodesLeft } = await completeSignIn(app, anonymousOf(context), request);
      return { ...signedInShape(signedIn), recoveryCodesLeft };
    },
    async signOut(_, context) {
      await signOut(app, callerOf(context));
      return {};
    },
    async whoAmI(_, context) {
      const { userId, username, administrator } = callerOf(context);
      return { user: userShape({ id: userId, username, administrator }), serverVersion: VERSION };
    },
  };
}

function outcomeShape(outcome: SignInOutcome) {
  if ('signedIn' in outcome) return signedInShape(outcome.signedIn);
  return { secondFactor: challengeShape(outcome.challenge) };
}

function signedInShape({ user, token, expiresAt }: SignedIn) {
  return { user: userShape(user), token, expiresAt: timestampFromMs(expiresAt) };
}
