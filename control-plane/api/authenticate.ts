import type { Interceptor } from '@connectrpc/connect';
import { policy, type Rpc } from '../auth/policy.ts';
import { callerOfToken } from '../auth/sessions.ts';
import { newId } from '../ids.ts';
import { callerKey, requestIdKey, signInFirst } from './caller-context.ts';
import type { ApiDeps } from './deps.ts';

const OURS = 'berth.api.v1.';

/** Gives every request its identifier, under which its errors and its audit rows are found. */
export function identifyRequest({ app }: ApiDeps): Interceptor {
  return (next) => (request) => {
    request.contextValues.set(requestIdKey, newId('req', app.clock.now()));
    return next(request);
  };
}

/**
 * Finds out who calls. Services that are not the API's own (enrolment, health, reflection) authenticate by themselves
 * or need not; an RPC that the policy does not know is refused to everybody.
 */
export function authenticate({ app }: ApiDeps): Interceptor {
  return (next) => async (request) => {
    if (!request.service.typeName.startsWith(OURS)) return next(request);
    const rule = policy[`${request.service.name}.${request.method.name}` as Rpc];
    if (rule === 'anyone') return next(request);
    const token = bearerToken(request.header.get('authorization'));
    if (rule === undefined || token === undefined) throw signInFirst();
    const requestId = request.contextValues.get(requestIdKey);
    request.contextValues.set(callerKey, await callerOfToken(app.store, app.clock, token, requestId));
    return next(request);
  };
}

function bearerToken(header: string | null): string | undefined {
  return /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(header ?? '')?.[1];
}
