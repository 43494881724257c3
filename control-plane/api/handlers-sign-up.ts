import {
  HandedLinkSchema,
  type Invitation,
  InvitationSchema,
  MailDelivery,
  type SignUpService,
} from '@berth/proto/api/v1/sign_up_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { acceptInvitation } from '../app/sign-up/accept-invitation.ts';
import {
  deleteInvitation,
  type InvitationView,
  inviteUser,
  listInvitations,
  resendInvitation,
  type SentInvitation,
} from '../app/sign-up/invitations.ts';
import { inspectLink } from '../app/sign-up/links.ts';
import { register } from '../app/sign-up/register.ts';
import { requestPasswordReset, resetPassword } from '../app/sign-up/reset-password.ts';
import { verifyEmail } from '../app/sign-up/verify-email.ts';
import { anonymousOf, callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

const DELIVERIES = {
  queued: MailDelivery.QUEUED,
  sending: MailDelivery.QUEUED,
  sent: MailDelivery.SENT,
  failed: MailDelivery.FAILED,
};

/** Coming in: registration, invitations, forgotten passwords. */
export function signUpHandlers({ app }: ApiDeps): ServiceImpl<typeof SignUpService> {
  return {
    register: async (request, context) => ({ mailSent: await register(app, anonymousOf(context), request) }),
    verifyEmail: (request, context) => verifyEmail(app, anonymousOf(context), request),
    async inspectLink({ token }) {
      const { expiresAt, ...link } = await inspectLink(app, token);
      return { ...link, expiresAt: timestampFromMs(expiresAt) };
    },
    async requestPasswordReset(request, context) {
      await requestPasswordReset(app, anonymousOf(context), request);
      return {};
    },
    resetPassword: async (request, context) => ({ username: await resetPassword(app, anonymousOf(context), request) }),
    inviteUser: async (request, context) => sentShape(await inviteUser(app, callerOf(context), request)),
    async listInvitations(request, context) {
      const { rows, nextPageToken } = await listInvitations(app, callerOf(context), request);
      return { invitations: rows.map(invitationShape), nextPageToken };
    },
    resendInvitation: async (request, context) => sentShape(await resendInvitation(app, callerOf(context), request)),
    async deleteInvitation(request, context) {
      await deleteInvitation(app, callerOf(context), request);
      return {};
    },
    async acceptInvitation(request, context) {
      const { expiresAt, ...accepted } = await acceptInvitation(app, anonymousOf(context), request);
      return { ...accepted, expiresAt: timestampFromMs(expiresAt) };
    },
  };
}

function sentShape({ view, url, mailed, expiresAt }: SentInvitation) {
  const link = create(HandedLinkSchema, { url, mailed, expiresAt: timestampFromMs(expiresAt) });
  return { invitation: invitationShape(view), link };
}

function invitationShape({ link, invited, invitedBy, groups, mail }: InvitationView): Invitation {
  return create(InvitationSchema, {
    id: link.id,
    email: link.email,
    username: invited.username,
    displayName: invited.displayName,
    groups,
    invitedBy,
    delivery: mail ? DELIVERIES[mail.state] : MailDelivery.UNSPECIFIED,
    deliveryError: mail?.last_error ?? '',
    createdAt: timestampFromMs(link.created_at),
    expiresAt: timestampFromMs(link.expires_at),
  });
}
