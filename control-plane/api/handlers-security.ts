import {
  PasskeySchema,
  type Security,
  SecuritySchema,
  type SecurityService,
  type Session,
  SessionSchema,
} from '@berth/proto/api/v1/security_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { endUserSessions, resetSecondFactors, userSecurity } from '../app/security/administer.ts';
import { addPasskey, beginPasskey, removePasskey, renamePasskey } from '../app/security/passkeys.ts';
import { ownSecurity, type SecurityView } from '../app/security/read-security.ts';
import { beginPasskeyProof, reauthenticate } from '../app/security/reauthenticate.ts';
import { createRecoveryCodes } from '../app/security/recovery.ts';
import { endOtherSessions, endOwnSession, liveSessions } from '../app/security/sessions.ts';
import { beginTotp, confirmTotp, removeTotp, setLoginTotp } from '../app/security/totp.ts';
import type { Row } from '../store/schema.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { moment } from './shapes.ts';

/** Sessions and second factors. */
export function securityHandlers(deps: ApiDeps): ServiceImpl<typeof SecurityService> {
  return { ...proofHandlers(deps), ...sessionHandlers(deps), ...factorHandlers(deps), ...userHandlers(deps) };
}

function proofHandlers({ app }: ApiDeps) {
  return {
    getOwnSecurity: async (_, context) => ({ security: securityShape(await ownSecurity(app, callerOf(context))) }),
    reauthenticate: async (request, context) => ({
      provenUntil: timestampFromMs(await reauthenticate(app, callerOf(context), request)),
    }),
    beginPasskeyProof: (_, context) => beginPasskeyProof(app, callerOf(context)),
  } satisfies Partial<ServiceImpl<typeof SecurityService>>;
}

function sessionHandlers({ app }: ApiDeps) {
  return {
    async listOwnSessions(_, context) {
      const { userId, sessionId } = callerOf(context);
      const rows = await liveSessions(app, userId);
      return { sessions: rows.map((row) => sessionShape(row, sessionId)) };
    },
    async endOwnSession(request, context) {
      await endOwnSession(app, callerOf(context), request);
      return {};
    },
    endOtherSessions: async (_, context) => ({ ended: await endOtherSessions(app, callerOf(context)) }),
  } satisfies Partial<ServiceImpl<typeof SecurityService>>;
}

function factorHandlers({ app }: ApiDeps) {
  return {
    beginTotp: (_, context) => beginTotp(app, callerOf(context)),
    confirmTotp: async (request, context) => ({ recoveryCodes: await confirmTotp(app, callerOf(context), request) }),
    async removeTotp(_, context) {
      await removeTotp(app, callerOf(context));
      return {};
    },
    async setLoginTotp(request, context) {
      await setLoginTotp(app, callerOf(context), request);
      return {};
    },
    beginPasskey: (_, context) => beginPasskey(app, callerOf(context)),
    async addPasskey(request, context) {
      const { passkey, recoveryCodes } = await addPasskey(app, callerOf(context), request);
      return { passkey: passkeyShape(passkey), recoveryCodes };
    },
    renamePasskey: async (request, context) => ({
      passkey: passkeyShape(await renamePasskey(app, callerOf(context), request)),
    }),
    async removePasskey(request, context) {
      await removePasskey(app, callerOf(context), request);
      return {};
    },
    createRecoveryCodes: async (_, context) => ({ recoveryCodes: await createRecoveryCodes(app, callerOf(context)) }),
  } satisfies Partial<ServiceImpl<typeof SecurityService>>;
}

function userHandlers({ app }: ApiDeps) {
  return {
    async getUserSecurity({ user }, context) {
      const { security, sessions } = await userSecurity(app, callerOf(context), user);
      return { security: securityShape(security), sessions: sessions.map((row) => sessionShape(row, '')) };
    },
    endUserSessions: async ({ user }, context) => ({ ended: await endUserSessions(app, callerOf(context), user) }),
    async resetSecondFactors({ user }, context) {
      await resetSecondFactors(app, callerOf(context), user);
      return {};
    },
  } satisfies Partial<ServiceImpl<typeof SecurityService>>;
}

function securityShape({ totpConfirmedAt, provenUntil, passkeys, ...rest }: SecurityView): Security {
  return create(SecuritySchema, {
    ...rest,
    totpConfirmedAt: moment(totpConfirmedAt),
    provenUntil: moment(provenUntil),
    passkeys: passkeys.map(passkeyShape),
  });
}

function passkeyShape({ id, name, created_at, last_used_at }: Row<'passkeys'>) {
  return create(PasskeySchema, { id, name, createdAt: timestampFromMs(created_at), lastUsedAt: moment(last_used_at) });
}

function sessionShape(row: Row<'sessions'>, currentId: string): Session {
  return create(SessionSchema, {
    id: row.id,
    createdAt: timestampFromMs(row.created_at),
    lastUsedAt: timestampFromMs(row.last_used_at),
    expiresAt: timestampFromMs(row.expires_at),
    address: row.address,
    userAgent: row.user_agent,
    secondFactor: row.second_factor === 1,
    current: row.id === currentId,
  });
}
