import { currentRequestId, inLogScope } from '@berth/proto/contract/log-scope.ts';
import type { ContextValues, Interceptor } from '@connectrpc/connect';
import type { Caller } from '../app/caller.ts';
import { callerOfApiToken } from '../auth/api-tokens.ts';
import { policy, type Rpc, type Rule, scopeIncludes } from '../auth/policy.ts';
import { callerOfSession, type Origin } from '../auth/sessions.ts';
import { isApiToken } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import {
  addressKey,
  bearerToken,
  callerAgainKey,
  callerKey,
  requestIdKey,
  signInFirst,
  viaKey,
} from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

const OURS = 'berth.api.v1.';
/** In which the pages tell for whom they call; taken from nobody else. */
export const PAGE_ADDRESS_HEADER = 'x-berth-page-address';

/**
 * Gives every request its identifier, under which its errors, its audit rows and what comes of it are found: that of the
 * scope it is made in, which is the listener's or the page's, else a new one. Notes its way.
 */
export function identifyRequest({ app }: ApiDeps, via: 'api' | 'page'): Interceptor {
  return (next) => (request) => {
    const { contextValues: values, header } = request;
    const requestId = currentRequestId() ?? newId('req', app.clock.now());
    values.set(requestIdKey, requestId);
    values.set(viaKey, via);
    if (via === 'page') values.set(addressKey, header.get(PAGE_ADDRESS_HEADER) ?? '');
    return inLogScope({ requestId }, () => next(request));
  };
}

/**
 * Finds out who calls. Services that are not the API's own (enrolment, health, reflection) authenticate by themselves
 * or need not; an RPC that the policy does not know is refused to everybody.
 */
export function authenticate({ app }: ApiDeps): Interceptor {
  return (next) => async (request) => {
    if (!request.service.typeName.startsWith(OURS)) return next(request);
    const rule: Rule | undefined = policy[`${request.service.name}.${request.method.name}` as Rpc];
    if (rule?.who === 'anyone') return next(request);
    const token = bearerToken(request.header.get('authorization'));
    if (rule === undefined || token === undefined) throw signInFirst();
    const values = request.contextValues;
    const again = () => callerOfToken(app, token, originOf(values), rule);
    values.set(callerKey, await again());
    values.set(callerAgainKey, again);
    return next(request);
  };
}

/** Who presents a token, of a session or of the API. @throws AppError "unauthenticated", "scope_required" */
export async function callerOfToken(
  { store, clock }: Pick<ApiDeps['app'], 'store' | 'clock'>,
  token: string,
  origin: Origin,
  rule: Rule,
): Promise<Caller> {
  const find = isApiToken(token) ? callerOfApiToken : callerOfSession;
  const caller = await find(store, clock, token, origin);
  requireScope(caller, rule);
  return caller;
}

function originOf(values: ContextValues) {
  return { requestId: values.get(requestIdKey), address: values.get(addressKey), via: values.get(viaKey) };
}

/** @throws AppError "scope_required" when an API token does not reach as far as a rule asks */
function requireScope({ token }: Caller, { scope }: Rule): void {
  if (!token || scopeIncludes(token.scope, scope)) return;
  const message =
    scope === 'session'
      ? 'This takes a signed-in person; no API token can do it.'
      : `This takes an API token of the scope "${scope}"; yours has "${token.scope}".`;
  throw new AppError('permission_denied', { reason: 'scope_required', message });
}
