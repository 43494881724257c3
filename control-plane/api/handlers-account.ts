import type { AccountService } from '@berth/proto/api/v1/account_pb.js';
import type { ServiceImpl } from '@connectrpc/connect';
import { sendEmailVerification } from '../app/account/own-address.ts';
import { changePassword, getProfile, updateProfile } from '../app/account/profile.ts';
import { addSshKey, deleteSshKeyVerb, listSshKeys } from '../app/account/ssh-keys.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { personShape, sshKeyShape } from './people-shape.ts';

/** One's own account. */
export function accountHandlers({ app }: ApiDeps): ServiceImpl<typeof AccountService> {
  return {
    getProfile: async (_, context) => ({ user: personShape(await getProfile(app, callerOf(context))) }),
    async updateProfile(request, context) {
      const caller = callerOf(context);
      const { verificationSent } = await updateProfile(app, caller, request);
      return { user: personShape(await getProfile(app, caller)), verificationSent };
    },
    async changePassword(request, context) {
      await changePassword(app, callerOf(context), request);
      return {};
    },
    async sendEmailVerification(_, context) {
      await sendEmailVerification(app, callerOf(context));
      return {};
    },
    listSshKeys: async (request, context) => ({
      keys: (await listSshKeys(app, callerOf(context), request)).map(sshKeyShape),
    }),
    addSshKey: async (request, context) => ({ key: sshKeyShape(await addSshKey(app, callerOf(context), request)) }),
    async deleteSshKey(request, context) {
      await deleteSshKeyVerb(app, callerOf(context), request);
      return {};
    },
  };
}
