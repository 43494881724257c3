import type { GuestLoginsService } from '@berth/proto/api/v1/guest_logins_pb.js';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { bindDn } from '../app/guest-logins/settings.ts';
import {
  createSetupCommandVerb,
  type GuestLoginsView,
  getGuestLogins,
  rotateBindSecretVerb,
  type ShownCommand,
} from '../app/guest-logins/setup-commands.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

/** Logins inside containers. */
export function guestLoginsHandlers({ app }: ApiDeps): ServiceImpl<typeof GuestLoginsService> {
  const shape = ({ command, expiresAt }: ShownCommand) => ({
    setup: { command, caSha256: app.enrolment.caSha256(), expiresAt: timestampFromMs(expiresAt) },
  });
  return {
    getGuestLogins: async (request, context) => ({
      logins: loginsShape(app, await getGuestLogins(app, callerOf(context), request)),
    }),
    createSetupCommand: async (request, context) =>
      shape(await createSetupCommandVerb(app, callerOf(context), request)),
    rotateBindSecret: async (request, context) => shape(await rotateBindSecretVerb(app, callerOf(context), request)),
  };
}

function loginsShape({ logins }: ApiDeps['app'], { container, bind }: GuestLoginsView) {
  return {
    container: container.id,
    offered: logins !== undefined,
    ldapUris: [...(logins?.ldapUris ?? [])],
    baseDn: logins?.baseDn ?? '',
    bindDn: logins ? bindDn(logins, container.id) : '',
    ...(bind && { secretChangedAt: timestampFromMs(bind.rotated_at) }),
    ...(bind?.last_used_at && { lastUsedAt: timestampFromMs(bind.last_used_at) }),
  };
}
