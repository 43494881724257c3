import { type ApiToken, ApiTokenSchema, TokenScope, type TokensService } from '@berth/proto/api/v1/tokens_pb.js';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { createApiToken, deleteApiTokenVerb, listApiTokens } from '../app/api-tokens/api-tokens.ts';
import type { ApiTokenWithUser } from '../store/api-tokens.ts';
import { callerOf } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';
import { moment } from './shapes.ts';

const SCOPES = {
  metrics: TokenScope.METRICS,
  read: TokenScope.READ,
  containers: TokenScope.CONTAINERS,
  admin: TokenScope.ADMIN,
};

/** API tokens. */
export function tokenHandlers({ app }: ApiDeps): ServiceImpl<typeof TokensService> {
  return {
    async createApiToken(request, context) {
      const { token, row } = await createApiToken(app, callerOf(context), request);
      return { token, apiToken: tokenShape(row) };
    },
    async listApiTokens(request, context) {
      const { rows, nextPageToken } = await listApiTokens(app, callerOf(context), request);
      return { apiTokens: rows.map(tokenShape), nextPageToken };
    },
    async deleteApiToken(request, context) {
      await deleteApiTokenVerb(app, callerOf(context), request);
      return {};
    },
  };
}

function tokenShape(row: ApiTokenWithUser): ApiToken {
  return create(ApiTokenSchema, {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scope: SCOPES[row.scope],
    site: row.site_id ?? '',
    container: row.container_id ?? '',
    owner: row.username,
    createdAt: timestampFromMs(row.created_at),
    expiresAt: moment(row.expires_at),
    lastUsedAt: moment(row.last_used_at),
    lastUsedAddress: row.last_used_address,
  });
}
