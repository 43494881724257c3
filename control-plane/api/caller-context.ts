import { createContextKey, type HandlerContext } from '@connectrpc/connect';
import type { AnonymousCaller, Caller } from '../app/caller.ts';
import { AppError } from '../errors.ts';

/** Identifier of the request, set before anything can fail. */
export const requestIdKey = createContextKey('', { description: 'request id' });
/** Who presented a valid token, if anybody. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'caller' });

/** Who is calling. @throws AppError "unauthenticated", for handlers reached without the interceptor only */
export function callerOf(context: HandlerContext): Caller {
  const caller = context.values.get(callerKey);
  if (!caller) throw signInFirst();
  return caller;
}

/** What is known of a caller who needs no session. */
export function anonymousOf(context: HandlerContext): AnonymousCaller {
  return {
    requestId: context.values.get(requestIdKey),
    userAgent: context.requestHeader.get('user-agent') ?? '',
  };
}

/** The error for a call without a token. */
export function signInFirst(): AppError {
  return new AppError('unauthenticated', {
    reason: 'unauthenticated',
    message: 'Sign in first: this call needs a session token as "Authorization: Bearer …".',
  });
}
