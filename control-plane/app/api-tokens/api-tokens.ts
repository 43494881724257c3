import {
  type CreateApiTokenRequest,
  CreateApiTokenRequestSchema,
  type DeleteApiTokenRequest,
  type ListApiTokensRequest,
  TokenScope,
} from '@berth/proto/api/v1/tokens_pb.js';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { TokenScope as ScopeName } from '../../auth/policy.ts';
import { newApiToken, tokenHash } from '../../auth/tokens.ts';
import { notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import {
  type ApiTokenWithUser,
  apiTokenById,
  apiTokensOf,
  deleteApiToken,
  insertApiToken,
} from '../../store/api-tokens.ts';
import type { Db, Tx } from '../../store/store.ts';
import { userByReference } from '../../store/users.ts';
import type { AppDeps } from '../app-deps.ts';
import { authorise, type Caller } from '../caller.ts';
import { findContainer, findSiteIfNamed } from '../find.ts';
import { checkIdempotencyKey, createOnce } from '../idempotent.ts';
import { type Page, readPage } from '../page.ts';
import { record } from '../record.ts';
import { lineFault, referenceFault } from '../validate/text.ts';
import { Violations } from '../validate/violations.ts';

const TTL = { min: 60_000, max: 3_653 * 24 * 3_600_000 };
const PREFIX_LENGTH = 12;
const SCOPES: Partial<Record<TokenScope, ScopeName>> = {
  [TokenScope.METRICS]: 'metrics',
  [TokenScope.READ]: 'read',
  [TokenScope.CONTAINERS]: 'containers',
  [TokenScope.ADMIN]: 'admin',
};

/** A token as shown once; a repeated call gets an empty one. */
export interface MadeToken {
  token: string;
  row: ApiTokenWithUser;
}

/** Makes a token for the caller. @throws AppError naming every wrong field */
export async function createApiToken(
  { store }: AppDeps,
  caller: Caller,
  request: CreateApiTokenRequest,
): Promise<MadeToken> {
  authorise(caller, 'TokensService.CreateApiToken');
  const found = new Violations();
  checkIdempotencyKey(request.idempotencyKey, found);
  found.check('name', request.name === '' ? 'is required' : lineFault(request.name, 100));
  const scope = SCOPES[request.scope];
  found.check('scope', scope ? undefined : 'must be metrics, read, containers or admin');
  const ttl = request.ttl && durationMs(request.ttl);
  const lasts = ttl === undefined || (Number.isFinite(ttl) && ttl >= TTL.min && ttl <= TTL.max);
  found.check('ttl', lasts ? undefined : 'must be between 1 minute and 10 years');
  found.refuse();
  // Only this call's own transaction sets it: the token itself is never stored.
  let token = '';
  const call = { caller, schema: CreateApiTokenRequestSchema, request };
  const { outcome } = await createOnce(store, call, async (tx) => {
    const made = newApiToken();
    const row = {
      id: newId('tok', tx.now),
      user_id: caller.userId,
      name: request.name,
      prefix: made.slice(0, PREFIX_LENGTH),
      token_hash: tokenHash(made),
      scope: scope ?? 'read',
      ...(await reachOf(tx, caller, request)),
      expires_at: ttl === undefined ? null : tx.now + ttl,
      last_used_address: '',
      created_at: tx.now,
    };
    await insertApiToken(tx, row);
    const { name, prefix, expires_at } = row;
    const change = { name, prefix, scope, site: row.site_id, container: row.container_id, expires_at };
    await record(tx, caller, { action: 'token.create', siteId: row.site_id, ...objectOf(row.id), change });
    token = made;
    return { token: row.id };
  });
  const row = await apiTokenById(store.db, outcome.token);
  if (!row) throw notFound('API token', outcome.token);
  return { token, row };
}

/** Where a token reaches; only what its maker sees can be named. */
async function reachOf(tx: Tx, caller: Caller, { site, container }: CreateApiTokenRequest) {
  const rpc = 'ContainersService.GetContainer';
  return {
    site_id: (await findSiteIfNamed(tx.db, site, 'site'))?.id ?? null,
    container_id: container === '' ? null : (await findContainer(tx.db, caller, container, 'container', rpc)).id,
  };
}

/** Lists tokens, newest first. @throws AppError "user_not_found" for others' unless the caller is an administrator */
export async function listApiTokens(
  { store }: AppDeps,
  caller: Caller,
  request: ListApiTokensRequest,
): Promise<Page<ApiTokenWithUser>> {
  authorise(caller, 'TokensService.ListApiTokens');
  const owner = await ownerOf(store.db, caller, request.user);
  const keyOf = ({ id }: ApiTokenWithUser) => id;
  return readPage(`api tokens ${owner}`, request, keyOf, (key, limit) => apiTokensOf(store.db, owner, key, limit));
}

async function ownerOf(db: Db, caller: Caller, reference: string): Promise<string> {
  if (reference === '' || reference === caller.userId || reference === caller.username) return caller.userId;
  const found = new Violations();
  found.check('user', referenceFault(reference));
  found.refuse();
  const row = await userByReference(db, reference);
  if (!row || !caller.administrator) throw notFound('user', reference, 'user');
  return row.id;
}

/** Revokes a token. @throws AppError "api_token_not_found" */
export async function deleteApiTokenVerb(
  { store }: AppDeps,
  caller: Caller,
  request: DeleteApiTokenRequest,
): Promise<void> {
  authorise(caller, 'TokensService.DeleteApiToken');
  const found = new Violations();
  found.check('api_token', referenceFault(request.apiToken));
  found.refuse();
  await store.transaction(async (tx) => {
    const row = await apiTokenById(tx.db, request.apiToken);
    const own = row?.user_id === caller.userId;
    if (!row || !(own || caller.administrator)) throw notFound('API token', request.apiToken, 'api_token');
    await deleteApiToken(tx, row);
    const change = { name: row.name, prefix: row.prefix, owner: row.username };
    await record(tx, caller, { action: 'token.delete', siteId: row.site_id, ...objectOf(row.id), change });
  });
}

function objectOf(id: string) {
  return { objectKind: 'api_token', objectId: id };
}
